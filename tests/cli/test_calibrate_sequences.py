"""`speechrnn calibrate` on a model that reads sequences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.runtime.model_file import open_model
from speechrnn.runtime.sequences import grammar_decoder


@pytest.fixture
def model(tone_reader: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tone_reader, tmp_path / "model.onnx"))


@pytest.fixture
def grammar(tmp_path: Path) -> Path:
    path = tmp_path / "tones.txt"
    path.write_text("intent tone: {pitch}\npitch: high | low\n")
    return path


def test_the_map_of_words_goes_into_the_model_file(
    speechrnn: Callable, model: Path, tone_words: Path, tmp_path: Path
) -> None:
    options = ["--model", model, "--positives", tone_words, "--out", tmp_path / "out"]
    code, out, err = speechrnn("calibrate", *options)
    assert (code, err) == (0, [])
    info = open_model(model)[1]
    assert info.confidence_map is not None and info.acceptances == {}
    facts = info.confidence_map.facts
    assert (facts["words"], facts["right"], facts["speakers"]) == (12, 12, 1)
    assert out[0] == "12 of 12 words heard were right"
    assert out[1].startswith("Expected calibration error of word confidences as decoded: 0.0%")
    assert "counted on what it was found on" in out[-2]
    assert out[-1] == f"{model}: confidence written"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"calibration.json", "reliability.png"}
    record = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert record["confidence"]["map"] == info.confidence_map.as_metadata()
    assert record["confidence"]["raw"]["bins"] and record["grammar"] is None
    page = speechrnn("info", model)[1]
    place = next(i for i, line in enumerate(page) if line == "confidence")
    assert page[place + 3].split() == ["words", "12"]


def test_a_threshold_belongs_to_its_grammar(
    speechrnn: Callable,
    model: Path,
    tone_words: Path,
    no_words: Path,
    grammar: Path,
    tmp_path: Path,
) -> None:
    options = ["--model", model, "--positives", tone_words, "--negatives", no_words]
    code, out, err = speechrnn("calibrate", *options, "--grammar", grammar, "--out", tmp_path / "o")
    assert (code, err) == (0, [])
    assert out[-1] == f"{model}: confidence, threshold written"
    assert (tmp_path / "o" / "rejection.png").exists()
    info = open_model(model)[1]
    (acceptance,) = info.acceptances.values()
    facts = acceptance.facts
    assert (facts["name"], facts["lost"]["hits"], facts["lost"]["total"]) == ("tones.txt", 0, 12)
    # Three silent clips, two silent recordings, and one with a high tone.
    assert (facts["accepted"]["hits"], facts["accepted"]["total"]) == (1, 6)
    assert grammar_decoder(info, grammar).threshold == acceptance.threshold > -1
    assert any(line.endswith(" tones.txt") for line in speechrnn("info", model)[1])
    scored = ["evaluate", "--model", model, "--data", tone_words, "--grammar", grammar]
    code, out, _ = speechrnn(*scored, "--json")
    figures = json.loads(out[0])
    assert figures["grammar"]["calibrated"] is True
    assert figures["grammar"]["threshold"] == acceptance.threshold
    assert figures["confidence"]["calibrated"]["expected_calibration_error"] < 0.05
    # Another grammar's threshold stands beside it.
    grammar.write_text("intent tone: {pitch}+\npitch: high | low\n")
    assert speechrnn("calibrate", *options, "--grammar", grammar)[0] == 0
    assert len(open_model(model)[1].acceptances) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--negatives", "NO"], "--negatives is speech outside a grammar; give one with --grammar"),
        (["--grammar", "PIN"], "--grammar needs speech outside of it; give some with --negatives"),
        (["--grammar", "gone.txt", "--negatives", "NO"], "gone.txt: cannot be read"),
        (["--grammar", "PIN", "--negatives", "gone"], "gone: no such folder"),
        (["--grammar", "PAIR", "--negatives", "NO"], "no utterance is a sentence of"),
        (["--strung-hours", "1"], "reads sequences, not single words; leave it out"),
        (["--false-alarms-per-hour", "1"], "reads sequences, not single words; leave it out"),
        (["--chunk-ms", "80"], "reads sequences, not single words; leave it out"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_changes_nothing(
    speechrnn: Callable,
    model: Path,
    tone_words: Path,
    no_words: Path,
    grammar: Path,
    options: list[str],
    message: str,
) -> None:
    pair = grammar.with_name("pair.txt")
    pair.write_text("intent pair: high low\n")
    places = {"NO": no_words, "PIN": grammar, "PAIR": pair}
    before = model.read_bytes()
    given = [places.get(option, option) for option in options]
    code, out, err = speechrnn("calibrate", "--model", model, "--positives", tone_words, *given)
    assert (code, out) == (2, [])
    assert len(err) == 1 and message in err[0]
    assert model.read_bytes() == before


def test_grammars_are_for_models_that_read_sequences(
    speechrnn: Callable, tone_model: Path, tone_words: Path, grammar: Path
) -> None:
    options = ["--model", tone_model, "--positives", tone_words, "--grammar", grammar]
    code, _, err = speechrnn("calibrate", *options)
    assert code == 2 and len(err) == 1 and "hears single words" in err[0]
