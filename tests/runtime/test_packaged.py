"""Models by name, and those that really come with the package."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import speechrnn
from speechrnn.errors import ModelError
from speechrnn.runtime import packaged
from speechrnn.runtime.packaged import find_model, find_own_model, packaged_models, read_card

CARD = "---\nlicense: Apache-2.0\naccuracy: 90% of 10 clips\n---\n\n# Tones\n\n---\n\nMore.\n"


@pytest.fixture
def folder(tmp_path: Path, tone_model: Path, monkeypatch) -> Path:
    """Models "commands" and "tones" as if they came with the package."""
    folder = tmp_path / "packaged"
    folder.mkdir()
    for name in ("commands", "tones"):
        shutil.copy(tone_model, folder / f"{name}.onnx")
        (folder / f"{name}.md").write_text(CARD)
    monkeypatch.setattr(packaged, "FOLDER", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_name_or_nothing_finds_a_model_of_the_package(folder: Path) -> None:
    assert list(packaged_models()) == ["commands", "tones"]
    assert find_model() == folder / "commands.onnx"
    assert find_model("tones") == find_model(Path("tones")) == folder / "tones.onnx"


def test_a_file_goes_before_a_name_but_never_before_the_default(folder: Path) -> None:
    Path("commands").write_text("a word list")
    Path("tones").mkdir()
    assert find_model("commands") == Path("commands")
    assert find_model() == folder / "commands.onnx"
    assert find_model("tones") == folder / "tones.onnx"
    Path("other").mkdir()
    for path in ("other", "gone.onnx", "./tones"):  # what is wrong with these, opening tells
        assert find_model(path) == Path(path)


def test_a_name_of_nothing_is_told_the_names(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"^comands: no file, .* \(commands, tones\); give an"):
        find_model("comands")
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(ModelError, match=r"^commands: no file, and the package has no models"):
        find_model()


def test_a_model_of_the_package_is_not_there_to_be_changed(folder: Path, tone_model: Path) -> None:
    assert find_own_model(tone_model) == tone_model
    for model in ("tones", folder / "tones.onnx"):
        with pytest.raises(ModelError, match="speechrnn models tones --copy FILE"):
            find_own_model(model)


def test_recognisers_and_streams_load_the_default_model(folder: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 3000 * np.arange(8000) / 16000)
    for recognizer in (speechrnn.load_model(), speechrnn.load_model("tones")):
        assert recognizer.transcribe(tone, 16000).text == "high"
    assert speechrnn.Stream().words == speechrnn.Stream("tones").words == ("high", "low")


def test_a_card_is_facts_and_text(folder: Path) -> None:
    card = read_card(folder / "tones.onnx")
    assert card.facts == {"license": "Apache-2.0", "accuracy": "90% of 10 clips"}
    assert card.text == "# Tones\n\n---\n\nMore.\n"


@pytest.mark.parametrize("text", [None, "", "# No facts", "x---\na: 1\n---\n", "---\n[\n---\n"])
def test_a_missing_or_damaged_card_is_named(folder: Path, text: str | None) -> None:
    (folder / "tones.md").unlink()
    if text is not None:
        (folder / "tones.md").write_text(text)
    with pytest.raises(ModelError, match=r"tones\.md: no card of a model \(.+\); install"):
        read_card(folder / "tones.onnx")
