"""`speechrnn lm`: text in, model out; what it says of text and what it writes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechrnn.cli.decoders import make_decoder
from speechrnn.cli.progress import TrainingProgress
from speechrnn.runtime.language_model import RecurrentLanguageModel
from speechrnn.runtime.model_file import open_model

TEXT = "turn it on\nturn it off\n" * 8
SMALL = ("model.hidden_size=16", "model.embedding_size=8", "model.dropout=0.0")
ARPA = "\\data\\\nngram 1=3\n\n\\1-grams:\n-0.5 </s>\n-1 turn\n-1 it\n\n\\end\\\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def settings(*overrides: str) -> list[str]:
    return [part for override in (*SMALL, *overrides) for part in ("--set", override)]


def test_from_text_to_text(speechrnn, text: Path, tone_model: Path) -> None:
    model = text.with_name("lm.onnx")
    code, out, err = speechrnn(
        "lm", "train", "--text", text, "--valid", text, "--out", model,
        *settings("training.epochs=40", "training.batch_size=4", "training.learning_rate=0.02"),
    )  # fmt: skip
    assert code == 0
    assert re.search(r"epoch +40 .*valid perplexity", err[-1])
    assert out[0].startswith(f"{model}: best epoch") and "Keras counts" in out[1]
    assert model.is_file() and model.with_suffix(".safetensors").is_file()

    reached = out[0].partition("validation perplexity ")[2].partition(";")[0]

    code, out, _ = speechrnn("info", model)
    assert code == 0
    facts = {line[:14].strip(): line[16:] for line in out}
    assert facts["language model"] == "of words, recurrent (lstm)"
    assert facts["vocabulary"] == "6: <s> <unk> it off on turn"
    # 6 * 8 of the embedding, 4 * 16 * (8 + 16 + 2) of the cell, 17 * 6 of the output
    assert facts["parameters"].startswith("1,814; Keras counts 1,750, as its cells have one bias")
    assert facts["perplexity"] == f"{reached} a token, validation text"
    assert facts["training text"] == "16 sentences, 48 tokens"
    [line] = speechrnn("info", model, "--json")[1]
    assert json.loads(line)["tokens"] == ["<s>", "<unk>", "it", "off", "on", "turn"]

    text.with_name("new.txt").write_text("turn it on\nturn me off\n")
    code, out, _ = speechrnn("lm", "score", text.with_name("new.txt"), "--model", model)
    assert code == 0 and len(out) == 4
    good, bad = (float(line.split()[0]) for line in out[1:3])
    assert 2 ** (1 / 4) < good < 1.3 < bad
    assert out[1].endswith("turn it on")
    assert out[3].endswith("in all: 2 sentences, 6 words, 1 of them unknown")

    sample = ("lm", "sample", "--model", model, "--count", "20", "--temperature", "0.7")
    code, out, _ = speechrnn(*sample, "--seed", "3")
    assert code == 0 and len(out) == 20
    assert {"turn it on", "turn it off"} <= set(out)
    assert speechrnn(*sample, "--seed", "3")[1] == out
    assert speechrnn(*sample, "--seed", "4")[1] != out

    info = replace(
        open_model(tone_model)[1], frame_head="ctc", symbols=("<blk>", "it", "on", "turn")
    )
    for lm, first in ((None, "on"), (model, "turn")):
        decoder = make_decoder(info, None, lm, None)
        decoder.accept(np.log([[0.1, 0.1, 0.41, 0.39], [0.97, 0.01, 0.01, 0.01]]))
        assert decoder.finish()[0].text == first


def test_scores_by_an_arpa_file(speechrnn, tmp_path: Path) -> None:
    (tmp_path / "lm.arpa").write_text(ARPA)
    (tmp_path / "text.txt").write_text("turn it\n")
    code, out, _ = speechrnn("lm", "score", tmp_path / "text.txt", "--model", tmp_path / "lm.arpa")
    assert code == 0
    assert float(out[1].split()[0]) == pytest.approx(10 ** (2.5 / 3), rel=1e-3)
    assert out[2].endswith("in all: 1 sentences, 2 words, 0 of them unknown")


def test_broken_off_it_writes_what_it_has(speechrnn, text: Path, monkeypatch) -> None:
    begin = TrainingProgress.epoch_begins

    def stop(self, epoch: int, epochs: int, steps: int) -> None:
        begin(self, epoch, epochs, steps)
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingProgress, "epoch_begins", stop)
    model = text.with_name("lm.onnx")
    code, out, err = speechrnn("lm", "train", "--text", text, "--out", model, *settings())
    assert code == 130
    assert out[0].startswith(f"{model}: 2 epochs")
    assert err[-1] == "speechrnn: interrupted"
    assert RecurrentLanguageModel(model).info.provenance["metrics"]["epoch"] == 2


def test_every_fault_is_one_line(speechrnn, text: Path, tone_model: Path) -> None:
    folder = text.parent
    (folder / "empty.txt").write_text("\n")
    (folder / "model.onnx").write_bytes(b"")
    out = folder / "lm.onnx"
    calls = [
        (("train", "--text", folder / "empty.txt", "--out", out), "empty.txt: holds no sentences"),
        (("train", "--text", folder / "gone.txt", "--out", out), "gone.txt: cannot be read"),
        (("train", "--text", text, "--out", folder / "lm.bin"), "ends in .onnx"),
        (("train", "--text", text, "--out", out, "--set", "model.cell=gur"), "model.cell"),
        (("train", "--text", text, "--out", out, "--device", "cuda:99"), "--device"),
        (("score", text, "--model", tone_model), "speechrnn_lm"),
        (("score", text, "--model", folder / "model.onnx"), "an empty file"),
        (("score", text, "--model", text), "ends without \\data\\"),
        (("sample", "--model", tone_model), "speechrnn_lm"),
        (("sample", "--model", tone_model, "--count", "0"), "--count"),
    ]
    for arguments, message in calls:
        code, printed, err = speechrnn("lm", *arguments)
        assert (code, printed, len(err)) == (2, [], 1), arguments
        assert message in err[0]
    assert not out.exists()


def test_a_wrong_temperature_is_one_line(speechrnn, text: Path) -> None:
    model = text.with_name("lm.onnx")
    speechrnn("lm", "train", "--text", text, "--out", model, *settings("training.epochs=1"))
    code, out, err = speechrnn("lm", "sample", "--model", model, "--temperature", "0")
    assert (code, out) == (2, [])
    assert err == ["speechrnn: temperature is 0, expected a number above 0"]
