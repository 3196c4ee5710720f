"""`speechrnn evaluate` on a model that reads sequences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from speechrnn.config import parse_config
from speechrnn.export.model_file import export_model
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import BLANK, Vocabulary


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model that hears the tones' words, in whatever order."""
    torch.manual_seed(0)
    tree = {
        "features": {"sample_rate_hz": 8000, "high_hz": 3800.0},
        "model": {"hidden_size": 8, "layers": 1, "pooling": "none", "frame_head": "ctc"},
    }
    symbols = Vocabulary([BLANK, "high", "low", "mid"])
    model = CommandModel(parse_config(tree, "test"), Vocabulary([]), symbols)
    path = tmp_path_factory.mktemp("reader") / "reader.onnx"
    export_model(model, path, {})
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "speechrnn.cli.main", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_counts_word_errors_and_writes_a_report(reader: Path, tones: Path, tmp_path: Path) -> None:
    done = run("--model", reader, "--data", tones / "valid", "--json", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["wer"]["said"] == 12 and record["wer"]["value"] > 0
    assert record["intervals_resample"] == "utterances"  # one speaker
    assert "report.html" in done.stderr and (tmp_path / "sequences.json").exists()


def test_a_grammar_lets_only_its_sentences_out(reader: Path, tones: Path, tmp_path: Path) -> None:
    grammar = tmp_path / "tones.txt"
    grammar.write_text("intent tone: high | low | mid\n")
    done = run("--model", reader, "--data", tones / "valid", "--grammar", grammar)
    assert done.returncode == 0 and done.stdout.startswith("word error rate"), done.stderr


def test_options_of_sequences_are_not_for_single_words(tone_model: Path, tones: Path) -> None:
    done = run("--model", tone_model, "--data", tones / "valid", "--beam", "4")
    assert done.returncode == 2
    assert "hears single words" in done.stderr and "Traceback" not in done.stderr


def test_false_alarms_are_not_counted_in_sequences(reader: Path, tones: Path) -> None:
    done = run("--stream", "--model", reader, "--data", tones / "valid")
    assert done.returncode == 2 and "reads sequences; thresholds" in done.stderr
    assert "Traceback" not in done.stderr


def test_info_of_a_reader(reader: Path) -> None:
    command = [sys.executable, "-m", "speechrnn.cli.main", "info", str(reader)]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "labels             none" in page and "frame symbols      4: <blk>, high" in page
    assert "operating point" not in page
