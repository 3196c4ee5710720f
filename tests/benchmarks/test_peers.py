"""Benchmarks against others: their networks are the published ones, and both scripts run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from speechrnn.audio import write_wav
from speechrnn.config import load_config
from speechrnn.datadir import Utterance, read_datadir, write_datadir
from speechrnn.dataset import Dataset, load_dataset
from speechrnn.vocabulary import Vocabulary

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts/benchmarks"))

import peers  # noqa: E402
import training_loops  # noqa: E402
from peer_models.clock import Clock  # noqa: E402
from peer_models.ds_cnn import ds_cnn, shifted  # noqa: E402
from peer_models.lists import clips_of, stretches_of  # noqa: E402
from peer_models.m5 import m5  # noqa: E402
from peer_models.measure import median_ms, multiply_adds, num_parameters  # noqa: E402
from peer_models.training import drawn  # noqa: E402
from peer_models.xvector import xvector  # noqa: E402

CONFIG = """
clip_ms: 1000
model: {hidden_size: 8, layers: 1}
training: {epochs: 3, batch_size: 8}
"""
SPEAKERS = {"train": "ann", "valid": "bob", "test": "cid"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tones as words, eight times each in every list, of 0.9 to 1.1 s; noise to mix in."""
    root = tmp_path_factory.mktemp("peers")
    random = np.random.default_rng(0)
    for part, speaker in SPEAKERS.items():
        said = []
        for number in range(16):
            time_s = np.arange(random.integers(14400, 17600)) / 16000
            path = root / "audio" / f"{speaker}-{number:02}.wav"
            path.parent.mkdir(exist_ok=True)
            write_wav(path, 0.3 * np.sin(2 * np.pi * (400 + 900 * (number % 2)) * time_s), 16000)
            name = f"{speaker}-{number:02}"
            said.append(Utterance(name, path, speaker, ("low", "high")[number % 2], name))
        write_datadir(root / part, said)
    write_wav(root / "audio/hiss.wav", 0.1 * random.standard_normal(40000), 16000)
    hiss = Utterance("noise-hiss", root / "audio/hiss.wav", "noise", "_silence_", "noise-hiss")
    write_datadir(root / "noise/train", [hiss])
    (root / "tiny.yaml").write_text(CONFIG)
    return root


@pytest.fixture
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def noise(data: Path) -> Dataset:
    return load_dataset(read_datadir(data / "noise/train"), Vocabulary([]), 16000)


def test_m5_is_the_tutorials() -> None:
    peer = m5(35)
    assert num_parameters(peer.network) == 26915  # as the tutorial prints
    assert peer.features(torch.randn(2, 16000)).shape == (2, 1, 8000)
    assert peer.network(peer.features(torch.randn(2, 16000))).shape == (2, 35)
    rates = [peer.learning_rate(0.5, epochs) for epochs in (0, 19.9, 20.1, 41)]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.0001])


def test_ds_cnn_is_the_papers(noise: Dataset) -> None:
    peer = ds_cnn(12, noise)
    feats = peer.features(torch.randn(1, 16000))
    assert feats.shape == (1, 1, 49, 10)
    # The paper counts 5.4 million operations, two for each of these. 25 x 5 places: 64 filters of
    # 10 x 4; four times 64 of 3 x 3 and 64 x 64; the output.
    by_hand = 125 * 64 * 40 + 4 * (125 * 64 * 9 + 125 * 64 * 64) + 64 * 12
    assert multiply_adds(lambda: peer.network(feats)) == by_hand
    assert [peer.learning_rate(share, 7) for share in (0, 0.34, 0.67, 1)] == [
        5e-4,
        1e-4,
        2e-5,
        2e-5,
    ]


def test_ds_cnn_learns_from_clips_shifted_in_noise(noise: Dataset) -> None:
    torch.manual_seed(0)
    wave = torch.zeros(200, 16000)
    wave[:, 8000] = 1
    places = shifted(wave).argmax(1)
    assert places.min() >= 6400 and places.max() <= 9600 and len(places.unique()) > 150
    noisy, targets = ds_cnn(2, noise).augment(wave, torch.arange(200))
    assert targets.tolist() == list(range(200))
    quiet = (noisy != 0).sum(1) == 1
    assert 20 < int(quiet.sum()) < 70  # of 200, a fifth


def test_xvector_learns_from_six_copies(noise: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("speechbrain")
    peer = xvector(12, noise, tmp_path)
    wave, targets = peer.augment(0.1 * torch.randn(3, 16000), torch.tensor([5, 6, 7]))
    assert wave.shape == (18, 16000) and targets.tolist() == [5, 6, 7] * 6
    assert peer.network(peer.features(wave)).shape == (18, 12)
    assert num_parameters(peer.network) == 4_482_464
    assert peer.learning_rate(1, 0) == pytest.approx(1e-4)


def test_clips_last_a_second(data: Path, noise: Dataset) -> None:
    utterances = read_datadir(data / "train")
    dataset = load_dataset(utterances, Vocabulary(["high", "low"]), 16000)
    clips = clips_of(dataset, torch.arange(len(dataset)))
    assert clips.shape == (16, 16000)
    short = int(dataset.lengths.argmin())
    assert not clips[short, dataset.lengths[short] :].any()
    torch.testing.assert_close(
        clips[short, : dataset.lengths[short]], dataset.waves(torch.tensor([short]))[0][0]
    )
    assert stretches_of(noise, 5).shape == (5, 16000)


def test_an_epoch_has_a_tenth_as_many_other_words_as_words(data: Path) -> None:
    said = read_datadir(data / "train")
    others = [replace(u, id=f"x{u.id}", text="_unknown_") for u in said[:4]]
    quiet = [replace(u, id=f"s{u.id}", text="_silence_") for u in said[:3]]
    vocabulary = Vocabulary(["high", "low", "_silence_", "_unknown_"])
    dataset = load_dataset([*said, *others, *quiet], vocabulary, 16000)
    taken = set()
    for _ in range(20):
        indices = drawn(dataset, vocabulary)
        texts = [dataset.utterances[i].text for i in indices.tolist()]
        assert (texts.count("_unknown_"), texts.count("_silence_"), len(texts)) == (2, 3, 21)
        taken |= set(indices.tolist())
    assert len(taken) == len(dataset)
    dataset = load_dataset(said, Vocabulary(["high", "low"]), 16000)
    assert sorted(drawn(dataset, Vocabulary(["high", "low"])).tolist()) == list(range(16))


@pytest.mark.parametrize(("cell", "gates"), [(nn.GRU, 3), (nn.LSTM, 4)])
def test_multiply_adds_of_recurrent_layers(cell: type[nn.RNNBase], gates: int) -> None:
    layer = cell(10, 20, bidirectional=True)
    by_hand = 2 * 7 * gates * 20 * (10 + 20)
    assert multiply_adds(lambda: layer(torch.randn(7, 1, 10))) == by_hand


def test_ways_are_timed_in_turns() -> None:
    calls: list[str] = []
    times_ms = median_ms({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 15)
    assert "".join(calls) == 3 * (10 * "a" + 10 * "b")  # a block to warm up, two measured
    assert set(times_ms) == {"a", "b"}


def test_the_clock_leaves_out_what_comes_between_epochs() -> None:
    clock = Clock()
    clock.epoch_begins(1, 2, 1)
    before_s = clock.before_s
    clock.epoch_done({})
    first_s = clock.total_s
    sum(range(300_000))
    clock.epoch_begins(2, 2, 1)
    assert (clock.before_s, clock.total_s) == (before_s, first_s)


@pytest.mark.usefixtures("one_thread")
def test_peers(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda _: None)
    out = tmp_path / "table.md"
    options = ["--configs", str(data / "tiny.yaml"), "--minutes", "0.02", "--runs", "1"]
    monkeypatch.setattr(sys, "argv", ["peers.py", "--data", str(data), *options, "--out", str(out)])
    assert peers.main() == 0
    head, _, *rows = out.read_text().splitlines()
    assert head.startswith("| model | accuracy (95% interval, Wilson) | parameters |")
    names = [row.split("|")[1].strip() for row in rows]
    assert names == ["tiny (speechrnn)", "M5 (torchaudio's tutorial)", "DS-CNN-S (Hello Edge)"]
    assert all(" of 16 |" in row and "–" not in row for row in rows)
    printed = capsys.readouterr()
    assert out.read_text() in printed.out
    assert printed.err == "x-vector left out: pip install speechbrain\n"


@pytest.mark.usefixtures("one_thread")
def test_a_missing_list_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peers.py", "--data", str(data / "noise")])
    assert peers.main() == 2
    fault = capsys.readouterr().err
    assert "no valid, test, noise/train; name a folder that 'speechrnn prepare" in fault
    assert fault.count("\n") == 1


@pytest.mark.usefixtures("one_thread")
def test_training_loops(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--config", str(data / "tiny.yaml"), "--clips", "12", "--turns", "1"]
    arguments = ["training_loops.py", "--data", str(data / "train"), *options]
    monkeypatch.setattr(sys, "argv", arguments)
    assert training_loops.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "12 clips, 1 epochs each in turn, one thread"
    assert [line[:26].strip() for line in lines[2:5]] == [
        "speechrnn",
        "speechrnn, clips changed",
        "plain DataLoader",
    ]


def test_nothing_is_changed_at_random_where_it_says_so(data: Path) -> None:
    augment = load_config(data / "tiny.yaml", training_loops.UNCHANGED).augment
    assert augment.speed == (1, 1) and augment.gain_db == (0, 0) and augment.shift_ms == 0
    chances = [value for name, value in augment.model_dump().items() if "probability" in name]
    assert chances == [0] * len(chances)
    assert augment.time_masks == augment.frequency_masks == 0
