"""The recurrent language model without torch, beside the network that it came from."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from speechrnn.decoding.ctc.beam import BeamDecoder
from speechrnn.decoding.ctc.ngram import NgramModel
from speechrnn.errors import ConfigError, DataError, ModelError
from speechrnn.export.language import export_language
from speechrnn.models.language import LanguageNetwork
from speechrnn.models.language_config import LanguageModelConfig
from speechrnn.runtime.language_model import RecurrentLanguageModel, knows, load_language_model
from speechrnn.runtime.tokens import BOUNDARY_ID, Tokens, read_sentences

WORDS = Tokens("words", ["<s>", "<unk>", "no", "yes"])
LETTERS = Tokens("characters", ["<s>", "<unk>", " ", "a", "b"])


def make_network(num_tokens: int, cell: str = "lstm") -> LanguageNetwork:
    torch.manual_seed(0)
    config = LanguageModelConfig(cell=cell, embedding_size=4, hidden_size=6)
    network = LanguageNetwork(config, num_tokens).eval()
    with torch.no_grad():
        network.output.weight *= 5  # opinions, not a shrug
    return network


def write(folder: Path, tokens: Tokens) -> tuple[LanguageNetwork, Path]:
    network = make_network(len(tokens))
    export_language(network, tokens, folder / "lm.onnx", {"created": "2025-01-31"})
    return network, folder / "lm.onnx"


@torch.no_grad()
def by_torch(network: LanguageNetwork, ids: list[int]) -> float:
    """Log-probability of a whole sentence in one go."""
    logits, _ = network(torch.tensor([[BOUNDARY_ID, *ids]]))
    log_probs = logits[0].log_softmax(1)
    return float(sum(row[i] for row, i in zip(log_probs, [*ids, BOUNDARY_ID], strict=True)))


def by_steps(model: RecurrentLanguageModel, words: list[str]) -> float:
    total, state = 0.0, model.start()
    for word in words:
        log_prob, state = model.step(state, word)
        total += log_prob
    return total + model.finish(state)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], []),
        (["no"], [2]),
        (["yes", "no", "no"], [3, 2, 2]),
        (["<s>", "maybe", "no"], [1, 1, 2]),
    ],
)
def test_word_by_word_as_the_network(tmp_path: Path, words: list[str], ids: list[int]) -> None:
    network, path = write(tmp_path, WORDS)
    model = RecurrentLanguageModel(path)
    assert by_steps(model, words) == pytest.approx(by_torch(network, ids), abs=1e-4)


def test_letter_by_letter_as_the_network(tmp_path: Path) -> None:
    network, path = write(tmp_path, LETTERS)
    model = RecurrentLanguageModel(path)
    expected = by_torch(network, [3, 4, 2, 4, 2, 1, 3])
    assert by_steps(model, ["ab", "b", "xa"]) == pytest.approx(expected, abs=1e-4)


def test_steps_leave_a_state_as_it_was(tmp_path: Path) -> None:
    _, path = write(tmp_path, WORDS)
    model = RecurrentLanguageModel(path)
    start = model.start()
    first = model.step(start, "no")
    model.step(model.step(start, "yes")[1], "no")
    again = model.step(start, "no")
    assert again[0] == first[0] and model.finish(again[1]) == model.finish(first[1])


def test_the_network_runs_once_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, path = write(tmp_path, WORDS)
    model = RecurrentLanguageModel(path)
    session, runs = model._session, []

    class Counting:
        def run(self, *arguments: object) -> object:
            runs.append(1)
            return session.run(*arguments)

    monkeypatch.setattr(model, "_session", Counting())
    for _ in range(3):
        start = model.start()
        assert len(runs) == 1  # of all sentences
    _, no = model.step(start, "no")
    _, yes = model.step(start, "yes")
    assert len(runs) == 1  # nobody asked what follows them
    for _ in range(3):
        model.step(no, "no"), model.step(no, "yes"), model.finish(no)
    assert len(runs) == 2
    _, same = model.step(start, "no")
    model.finish(same)
    assert len(runs) == 2
    model.finish(yes)
    assert len(runs) == 3


@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_the_beam_ranks_as_enumeration_does(tmp_path: Path, weight: float) -> None:
    network, path = write(tmp_path, WORDS)
    symbols = ("<blk>", "no", "yes")
    logits = 1.5 * np.random.default_rng(3).standard_normal((4, 3))
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    totals: dict[tuple[int, ...], float] = defaultdict(lambda: -math.inf)
    for units in itertools.product(range(3), repeat=4):
        sequence = tuple(unit for unit, _ in itertools.groupby(units) if unit)
        score = sum(row[unit] for row, unit in zip(log_probs, units, strict=True))
        totals[sequence] = float(np.logaddexp(totals[sequence], score))
    expected = {
        " ".join(symbols[unit] for unit in units): total
        + weight * by_torch(network, [unit + 1 for unit in units])
        for units, total in totals.items()
    }
    decoder = BeamDecoder(
        symbols,
        width=1000,
        threshold=math.inf,
        language=RecurrentLanguageModel(path),
        language_weight=weight,
    )
    decoder.accept(log_probs)
    found = decoder.finish()
    assert [h.text for h in found] == sorted(expected, key=expected.__getitem__, reverse=True)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(expected[hypothesis.text], abs=1e-3)
    alone = sorted(totals, key=totals.__getitem__, reverse=True)
    assert [h.text for h in found] != [" ".join(symbols[unit] for unit in units) for units in alone]


def test_sampling_gives_no_unknown_word_and_ends(tmp_path: Path) -> None:
    network = make_network(4)
    with torch.no_grad():
        network.output.bias[:2] = torch.tensor([-60.0, 20.0])  # never ends, always <unk>
    export_language(network, WORDS, tmp_path / "lm.onnx", {})
    model = RecurrentLanguageModel(tmp_path / "lm.onnx")
    words = model.sample(np.random.default_rng(0)).split()
    assert len(words) == 1000 and set(words) <= {"no", "yes"}


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_is_above_0(tmp_path: Path, temperature: float) -> None:
    model = RecurrentLanguageModel(write(tmp_path, WORDS)[1])
    with pytest.raises(ConfigError, match=r"temperature is .*expected a number above 0"):
        model.sample(np.random.default_rng(0), temperature)


def test_what_a_file_says_about_itself(tmp_path: Path) -> None:
    model = RecurrentLanguageModel(write(tmp_path, WORDS)[1])
    assert model.info.provenance == {"created": "2025-01-31"}
    assert (model.info.cell, model.info.states) == ("lstm", {"rnn_0": 6, "rnn_0_cell": 6})
    assert model.tokens.symbols == WORDS.symbols
    assert knows(model, "no") and not knows(model, "maybe") and not knows(model, "<s>")


def change(path: Path, **facts: object) -> None:
    proto = onnx.load(path)
    tree = json.loads(proto.metadata_props[0].value) | facts
    proto.metadata_props[0].value = json.dumps(tree)
    path.write_bytes(proto.SerializeToString())


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"format_version": 2}, "format_version 2, but this speechrnn reads up to 1; upgrade"),
        ({"format_version": None}, "damaged metadata"),
        ({"tokens": 3}, "damaged metadata"),
        ({"tokens": ["no", "yes"]}, "damaged metadata"),
        ({"units": "phones"}, "damaged metadata"),
        ({"states": [{"name": "rnn_0"}]}, "damaged metadata"),
        ({"states": []}, "graph and metadata disagree"),
        ({"states": [{"name": n, "size": 7} for n in ("rnn_0", "rnn_0_cell")]}, "disagree"),
        ({"tokens": ["<s>", "<unk>", "no"]}, "graph and metadata disagree"),
    ],
)
def test_metadata_that_does_not_fit(tmp_path: Path, facts: dict, message: str) -> None:
    _, path = write(tmp_path, WORDS)
    change(path, **facts)
    with pytest.raises(ModelError, match=message) as fault:
        RecurrentLanguageModel(path)
    assert str(path) in str(fault.value)


def test_files_that_are_no_language_models(tmp_path: Path, tone_model: Path) -> None:
    with pytest.raises(ModelError, match=r"metadata \(speechrnn_lm\).*'speechrnn lm train' wrote"):
        RecurrentLanguageModel(tone_model)
    (tmp_path / "text.onnx").write_text("turn the light on\n")
    with pytest.raises(ModelError, match="not a model that can be run"):
        load_language_model(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="no model there"):
        load_language_model(tmp_path / "gone.onnx")
    with pytest.raises(DataError, match="ends without"):
        load_language_model((tmp_path / "text.onnx").rename(tmp_path / "text.arpa"))


def test_an_arpa_file_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    path.write_text("\\data\\\nngram 1=2\n\n\\1-grams:\n-0.3 </s>\n-0.3 go\n\n\\end\\\n")
    model = load_language_model(path)
    assert isinstance(model, NgramModel)
    assert knows(model, "go") and not knows(model, "</s>")


def test_running_it_loads_no_torch(tmp_path: Path) -> None:
    _, path = write(tmp_path, WORDS)
    code = (
        "import sys\nfrom speechrnn.runtime.language_model import RecurrentLanguageModel\n"
        "import speechrnn.evaluation.perplexity\n"
        f"model = RecurrentLanguageModel({str(path)!r})\n"
        "print(model.finish(model.start()), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    value, *loaded = done.stdout.split()
    assert float(value) < 0 and not {"torch", "torchaudio", "onnx"} & set(loaded)


def test_the_tokens_of_a_text() -> None:
    sentences = [["b", "a", "<s>"], ["a", "c"], ["a", "c"]]
    tokens = Tokens.of_sentences("words", sentences, 2)
    assert tokens.symbols == ("<s>", "<unk>", "a", "c")
    assert tokens.sentence(["a", "b", "<s>", "c", "<unk>"]) == [2, 1, 1, 3, 1]
    letters = Tokens.of_sentences("characters", [["ab", "b"]], 1)
    assert letters.symbols == ("<s>", "<unk>", " ", "a", "b")
    ids = letters.sentence(["ab", "ba"])
    assert ids == [3, 4, 2, 4, 3] and letters.text(ids) == "ab ba"
    assert letters.knows("abba") and not letters.knows("abc")


def test_a_text_is_a_sentence_a_line(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("turn  it on\r\n\n  \noff\n")
    assert read_sentences(path) == [["turn", "it", "on"], ["off"]]
    path.write_text("\n \n")
    with pytest.raises(DataError, match=r"text: holds no sentences"):
        read_sentences(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"text: not UTF-8"):
        read_sentences(path)
