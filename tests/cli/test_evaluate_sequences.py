"""`speechrnn evaluate` on a model that reads sequences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "speechrnn.cli.main", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_counts_word_errors_and_writes_a_report(
    untrained_reader: Path, tones: Path, tmp_path: Path
) -> None:
    done = run("--model", untrained_reader, "--data", tones / "valid", "--json", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["wer"]["said"] == 12 and record["wer"]["value"] > 0
    assert record["intervals_resample"] == "utterances"  # one speaker
    assert "report.html" in done.stderr and (tmp_path / "sequences.json").exists()


def test_a_grammar_lets_only_its_sentences_out(
    untrained_reader: Path, tones: Path, tmp_path: Path
) -> None:
    grammar = tmp_path / "tones.txt"
    grammar.write_text("intent tone: high | low | mid\n")
    done = run("--model", untrained_reader, "--data", tones / "valid", "--grammar", grammar)
    assert done.returncode == 0 and done.stdout.startswith("word error rate"), done.stderr


def test_options_of_sequences_are_not_for_single_words(tone_model: Path, tones: Path) -> None:
    done = run("--model", tone_model, "--data", tones / "valid", "--beam", "4")
    assert done.returncode == 2
    assert "hears single words" in done.stderr and "Traceback" not in done.stderr


def test_false_alarms_are_not_counted_in_sequences(untrained_reader: Path, tones: Path) -> None:
    done = run("--stream", "--model", untrained_reader, "--data", tones / "valid")
    assert done.returncode == 2 and "reads sequences; thresholds" in done.stderr
    assert "Traceback" not in done.stderr


def test_info_of_a_reader(untrained_reader: Path) -> None:
    command = [sys.executable, "-m", "speechrnn.cli.main", "info", str(untrained_reader)]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "labels             none" in page and "frame symbols      4: <blk>, high" in page
    assert "operating point" not in page


def test_a_grammar_is_judged_by_meaning_and_by_what_it_lets_in(
    untrained_reader: Path, tones: Path, no_words: Path, tmp_path: Path
) -> None:
    grammar = tmp_path / "tones.txt"
    grammar.write_text("intent tone: {pitch}\npitch: high | low | mid\n")
    options = ["--model", untrained_reader, "--data", tones / "valid", "--grammar", grammar]
    done = run(*options, "--negatives", no_words, "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["grammar"]
    assert (figures["threshold"], figures["calibrated"]) == (-1.0, False)
    assert figures["intents"]["intent_accuracy"]["whole"] == 12
    rejection = figures["rejection"]
    assert rejection["at_threshold"]["lost"]["total"] == 12
    assert rejection["at_threshold"]["accepted"]["total"] >= 3  # recordings
    assert rejection["accepted_per_hour"]["hours"] == pytest.approx(9 / 3600, abs=1e-4)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "sequences.json", "rejection.png"} <= written
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h2>Understanding</h2>" in page and "<h2>Rejection</h2>" in page
    shown = run(*options, "--negatives", no_words).stdout
    assert "a sentence counts from a margin of -1.00 on (the default)" in shown
    assert "stretches of other speech in" in shown


def test_other_speech_is_for_grammars(
    untrained_reader: Path, tone_model: Path, tones: Path
) -> None:
    for model, message in (
        (untrained_reader, "give one with --grammar"),
        (tone_model, "add --stream"),
    ):
        done = run("--model", model, "--data", tones / "valid", "--negatives", tones)
        assert done.returncode == 2 and message in done.stderr
        assert done.stderr.count("\n") == 1
