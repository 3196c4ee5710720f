"""Models by name, and those that really come with the package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import speechrnn
from speechrnn.errors import ModelError
from speechrnn.evaluation import card
from speechrnn.runtime import packaged
from speechrnn.runtime.packaged import find_model, find_own_model, packaged_models, read_card

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SHIPPED = sorted(packaged.FOLDER.glob("*.onnx"))
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
    found = read_card(folder / "tones.onnx")
    assert found.facts == {"license": "Apache-2.0", "accuracy": "90% of 10 clips"}
    assert found.text == "# Tones\n\n---\n\nMore.\n"


@pytest.mark.parametrize("text", [None, "", "# No facts", "x---\na: 1\n---\n", "---\n[\n---\n"])
def test_a_missing_or_damaged_card_is_named(folder: Path, text: str | None) -> None:
    (folder / "tones.md").unlink()
    if text is not None:
        (folder / "tones.md").write_text(text)
    with pytest.raises(ModelError, match=r"tones\.md: no card of a model \(.+\); install"):
        read_card(folder / "tones.onnx")


def test_the_default_model_is_there() -> None:
    assert packaged.FOLDER / f"{packaged.DEFAULT}.onnx" in SHIPPED


@pytest.mark.parametrize("model", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_stays_small(model: Path) -> None:
    assert model.stat().st_size <= 2_500_000


@pytest.mark.parametrize("model", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_has_a_card_with_all_facts(model: Path) -> None:
    found = read_card(model)
    assert found.facts["sha256"] == card.digest(model), f"{model.stem}.md is another model's"
    for fact in card.FACTS:
        assert found.facts[fact]
    for heading in card.REQUIRED:
        assert f"\n## {heading}\n" in found.text
    assert not re.search(r"/(work|tmp|home)/", found.text)


@pytest.mark.parametrize("model", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_runs_on_clips_and_streams(model: Path) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(16000)
    transcript = speechrnn.load_model(model.stem).transcribe(noise, 16000)
    shares = [choice.confidence for choice in transcript.alternatives]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1 + 1e-5  # the likeliest few of all labels
    stream = speechrnn.Stream(model.stem, 16000)
    stream.accept(noise)
    assert np.all((stream.posteriors >= 0) & (stream.posteriors <= 1))
    assert len(stream.posteriors) == len(stream.words) == 10


@pytest.mark.parametrize("model", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_hears_its_words(model: Path, shared_data: Path) -> None:
    clips = {
        "commands": "speech_commands_mini/{word}/*_nohash_0.flac",
        "digits": "fsdd/recordings/{digit}_*_0.wav",
    }[model.stem]
    recognizer = speechrnn.load_model(model.stem)
    right = []
    for word in recognizer.info.words:
        digit = DIGITS.index(word) if word in DIGITS else None
        for path in sorted(shared_data.glob(clips.format(word=word, digit=digit)))[:6]:
            right.append(recognizer.transcribe(path).text == word)
    assert len(right) == 60
    assert np.mean(right) > 0.9
