"""Nothing learnt is lost: kills, full disks, damaged files, losses that are no number."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from speechrnn.augment import Augmenter
from speechrnn.config import Config, parse_config
from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError, ModelError, RunError
from speechrnn.training import checkpoint as checkpoints
from speechrnn.training.batch import make_batch
from speechrnn.training.checkpoint import read_checkpoint
from speechrnn.training.corpus import Corpus, load
from speechrnn.training.loop import train
from speechrnn.training.observer import Observer
from speechrnn.vocabulary import Vocabulary

CPU = torch.device("cpu")
LAST = "checkpoints/epoch-0003.safetensors"


def tiny_config(share: float = 0.0, head: str = "shared", **training: object) -> Config:
    """Nine steps an epoch, dropout on."""
    tree = {
        "clip_ms": 800,
        "features": {"sample_rate_hz": 8000, "high_hz": 3800, "n_mels": 20, "n_mfcc": 10},
        "model": {"hidden_size": 12, "layers": 2, "pooling": "mean", "frame_head": head},
        "streaming": {"share": share, "clips": 2},
        "training": {"epochs": 3, "batch_size": 4, "learning_rate": 0.02, **training},
    }
    return parse_config(tree, "test")


@pytest.fixture(scope="module")
def corpus(tones: Path) -> Corpus:
    return Corpus(read_datadir(tones / "train"), read_datadir(tones / "valid"))


class AtStep(Observer):
    """Does something after a step, counted from 1 over all epochs, and keeps what is said."""

    def __init__(self, step: int, what: Any) -> None:
        self.step, self.what, self.seen = step, what, 0
        self.notes: list[str] = []

    def note(self, line: str) -> None:
        self.notes.append(line)

    def step_done(self, loss: float, clips: int) -> None:
        self.seen += 1
        if self.seen == self.step:
            self.what()


class Killed(Exception):
    pass


def kill() -> None:
    raise Killed


def assert_same_run(one: Path, other: Path) -> None:
    a, b = (read_checkpoint(run / LAST).tensors for run in (one, other))
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert torch.equal(tensor, b[name]), name
    losses = [
        [json.loads(line)["train_loss"] for line in (run / "metrics.jsonl").open()]
        for run in (one, other)
    ]
    assert losses[0] == losses[1] and len(losses[0]) == 3


@pytest.mark.parametrize(("share", "head"), [(0.0, "shared"), (0.7, "keyword"), (0.7, "ctc")])
def test_goes_on_in_the_middle_of_an_epoch(
    share: float, head: str, corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(share, head, checkpoint_steps=4)
    train(config, corpus, tmp_path / "whole", device=CPU)
    with pytest.raises(Killed):
        train(config, corpus, tmp_path / "cut", device=CPU, observer=AtStep(15, kill))
    found = sorted(path.stem for path in (tmp_path / "cut/checkpoints").iterdir())
    assert found == ["epoch-0001", "epoch-0001-step-000003"]
    steps = AtStep(0, None)
    train(config, corpus, tmp_path / "cut", device=CPU, observer=steps, resume=True)
    assert steps.seen == 27 - 12
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_killed_at_random_moments(tones: Path, tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_and_resume.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tones), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 kills")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_saves_the_step_under_way(
    number: int, corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config()
    train(config, corpus, tmp_path / "whole", device=CPU)
    stop = AtStep(5, lambda: os.kill(os.getpid(), number))
    with pytest.raises(KeyboardInterrupt if number == signal.SIGINT else RunError):
        train(config, corpus, tmp_path / "cut", device=CPU, observer=stop)
    assert stop.seen == 6  # told at the end of the fifth step, it ends with the one under way
    assert (tmp_path / "cut/checkpoints/epoch-0000-step-000006.safetensors").is_file()
    train(config, corpus, tmp_path / "cut", device=CPU, resume=True)
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_what_a_kill_left_half_written_is_cleared_away(corpus: Corpus, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(tiny_config(), corpus, whole, device=CPU)
    with pytest.raises(Killed):
        train(tiny_config(), corpus, cut, device=CPU, observer=AtStep(20, kill))
    with (cut / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "train_lo')
    parts = [cut / "best.safetensors.part", cut / (LAST + ".part"), cut / "metrics.jsonl.part"]
    for part in parts:
        part.write_bytes(b"half")
    train(tiny_config(), corpus, cut, device=CPU, resume=True)
    assert not any(part.exists() for part in parts)
    assert_same_run(whole, cut)


def test_damaged_and_foreign_checkpoints_are_named_and_passed_over(
    corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(keep_checkpoints=3)
    train(config, corpus, tmp_path, device=CPU)
    good = read_checkpoint(tmp_path / LAST).tensors
    (tmp_path / LAST).write_bytes((tmp_path / LAST).read_bytes()[:-100])
    save_file({"x": torch.zeros(1)}, tmp_path / "checkpoints/epoch-0002.safetensors")
    heard = AtStep(0, None)
    train(config, corpus, tmp_path, device=CPU, observer=heard, resume=True)
    assert "epoch-0003.safetensors: damaged" in heard.notes[0]
    assert "epoch-0002.safetensors: damaged or not a speechrnn checkpoint" in heard.notes[1]
    assert heard.notes[2].startswith("resumed in epoch 2")
    assert "taking the one before" in (tmp_path / "train.log").read_text()
    again = read_checkpoint(tmp_path / LAST).tensors
    assert all(torch.equal(tensor, again[name]) for name, tensor in good.items())


def test_without_a_whole_checkpoint_nothing_is_begun_over(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=2), corpus, tmp_path, device=CPU)
    for path in (tmp_path / "checkpoints").iterdir():
        path.write_bytes(b"rubbish")
    with pytest.raises(ModelError, match="none of 2 checkpoints can be read"):
        train(tiny_config(epochs=2), corpus, tmp_path, device=CPU, resume=True)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_checkpoint_of_an_older_program_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=1), corpus, tmp_path, device=CPU)
    path = tmp_path / "checkpoints/epoch-0001.safetensors"
    old = read_checkpoint(path)
    del old.facts["sums"]
    checkpoints.write_checkpoint(path, old)
    with pytest.raises(ConfigError, match="begun by an older speechrnn"):
        train(tiny_config(epochs=1), corpus, tmp_path, device=CPU, resume=True)


def test_keeps_the_last_few(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(keep_checkpoints=1, epochs=2), corpus, tmp_path, device=CPU)
    assert [p.stem for p in (tmp_path / "checkpoints").iterdir()] == ["epoch-0002"]
    # How often is saved changes no weight, and may be another from now on.
    config = tiny_config(keep_checkpoints=5, checkpoint_steps=1, epochs=2)
    train(config, corpus, tmp_path, device=CPU, resume=True)
    assert (tmp_path / "best.safetensors").is_file()


class FullDisk:
    """A file on a disk that is full after the first bytes."""

    def __init__(self, path: Path, mode: str) -> None:
        self.file = Path(path).open(mode)  # noqa: SIM115

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, content: bytes) -> None:
        self.file.write(content[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_ends_the_run_and_leaves_what_was_there(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(tiny_config(), corpus, whole, device=CPU)

    def fill() -> None:
        monkeypatch.setattr(checkpoints, "open", FullDisk, raising=False)

    config = tiny_config(checkpoint_steps=2)
    with pytest.raises(RunError, match=r"No space left on device.*make room and go on with"):
        train(config, corpus, cut, device=CPU, observer=AtStep(15, fill))
    monkeypatch.undo()
    assert not list(cut.rglob("*.part"))
    train(config, corpus, cut, device=CPU, resume=True)
    assert_same_run(whole, cut)


def test_a_full_disk_under_the_log_is_one_error(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill() -> None:
        monkeypatch.setattr(logging.StreamHandler, "flush", full)

    with pytest.raises(RunError, match="No space left"):
        train(tiny_config(), corpus, tmp_path, device=CPU, observer=AtStep(3, fill))
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_batch_of_a_loss_that_is_no_number_is_kept(
    share: float, corpus: Corpus, tmp_path: Path
) -> None:
    head = "keyword" if share else "shared"
    config = tiny_config(share, head, learning_rate=1e30, clip_norm=None, warmup_share=0.0)
    with pytest.raises(ModelError, match=r"loss is (nan|inf) in epoch 1, step \d+.*(fault-\S+)"):
        train(config, corpus, tmp_path, device=CPU)
    (fault,) = tmp_path.glob("fault-epoch-0001-step-*.safetensors")
    kept = read_checkpoint(fault)
    names = kept.facts["utterances"]
    assert kept.facts["loss"] in ("nan", "inf") and len(names) == 4
    vocabulary = Vocabulary(["high", "low", "mid"])
    spoken = {u.id: u.text for u in corpus.train}
    if share:
        assert kept.tensors["wave"].shape[0] == 2  # streams of two clips
        labels = kept.tensors["targets"].flatten()
        assert (kept.tensors["stops"] > kept.tensors["starts"]).all()
    else:
        labels = kept.tensors["targets"].argmax(1)
        clips = load("train", corpus.train, vocabulary, config, Observer())
        ids = [u.id for u in clips.utterances]
        augmenter = Augmenter(config.augment, config.features, 0, None, CPU)
        draws = torch.tensor([ids.index(name) for name in names])
        batch = make_batch(clips, draws, augmenter, 0, 3)
        # Drawn once in their epoch, these clips have no other draw.
        torch.testing.assert_close(kept.tensors["wave"], batch.wave, rtol=0, atol=0)
    assert [vocabulary.symbol(int(label)) for label in labels] == [spoken[n] for n in names]


def test_resumes_on_the_threads_it_began_with(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=1), corpus, tmp_path, device=CPU)
    facts = read_checkpoint(tmp_path / "checkpoints/epoch-0001.safetensors").facts
    assert facts["arithmetic"]["threads"] == 1 and facts["arithmetic"]["device"]
    torch.set_num_threads(2)
    try:
        train(tiny_config(epochs=1), corpus, tmp_path, device=CPU, resume=True)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


def test_says_when_the_bits_may_differ(corpus: Corpus, tmp_path: Path) -> None:
    train(tiny_config(epochs=1), corpus, tmp_path, device=CPU)
    path = tmp_path / "checkpoints/epoch-0001.safetensors"
    old = read_checkpoint(path)
    old.facts["arithmetic"]["torch"] = "1.0"
    checkpoints.write_checkpoint(path, old)
    heard = AtStep(0, None)
    train(tiny_config(epochs=1), corpus, tmp_path, device=CPU, resume=True, observer=heard)
    assert (
        f"torch: 1.0 before, {torch.__version__} now: goes on, but not bit for bit" in heard.notes
    )
