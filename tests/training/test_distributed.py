"""Several processes that train together do what one does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from speechrnn.datadir import read_datadir
from speechrnn.errors import ConfigError
from speechrnn.training.checkpoint import read_checkpoint
from speechrnn.training.corpus import Corpus
from speechrnn.training.distributed import Group, merged, pick_device
from speechrnn.training.loop import train

sys.path.insert(0, str(Path(__file__).parent))
from together import (
    CUT_AT,
    SECTIONS,
    SHARDED,
    SMALL_BLOCKS,
    Listener,
    config_of,
    corpus_of,
    shards_of,
)

CPU = torch.device("cpu")
EXACT = sorted(set(SECTIONS) - {"dropout"})  # which draws other numbers in each process
COMPARED = [*EXACT, *SHARDED]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
PROGRAM = ("-m", "speechrnn")
IMPATIENT = (str(Path(__file__).with_name("impatient.py")),)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def two(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `together.py` leaves behind."""
    work = tmp_path_factory.mktemp("two")
    shards_of(tones, work / "shards")
    script = Path(__file__).with_name("together.py")
    command = [*TORCHRUN, "2", str(script), str(tones), str(work)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return work


@pytest.fixture(scope="module")
def one(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same trainings in one process."""
    work = tmp_path_factory.mktemp("one")
    files = corpus_of(tones)
    shards = Corpus([shards_of(tones, work / "shards")], files.valid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("speechrnn.training.corpus.ShardedDataset", SMALL_BLOCKS)
        for name in COMPARED:
            listener = Listener()
            config = config_of(SHARDED.get(name, name))
            corpus = shards if name in SHARDED else files
            train(config, corpus, work / name, device=CPU, observer=listener)
            (work / f"{name}.losses.json").write_text(json.dumps(listener.losses))
    return work


def metrics(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", COMPARED)
def test_every_step_has_the_loss_of_one_process(name: str, one: Path, two: Path) -> None:
    alone, together = (
        json.loads((work / f"{name}.losses.json").read_text()) for work in (one, two)
    )
    torch.testing.assert_close(torch.tensor(together), torch.tensor(alone), rtol=0, atol=1e-5)


# Behind the convolution's bias, whose gradient batch normalisation leaves to rounding, validation
# differs by more.
@pytest.mark.parametrize("name", sorted(set(COMPARED) - {"convolutions"}))
def test_validation_gives_the_figures_of_one_process(name: str, one: Path, two: Path) -> None:
    alone, together = metrics(one / name), metrics(two / name)
    assert len(together) == len(alone) == 2
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.keys() == theirs.keys()
        for figure in theirs.keys() - {"seconds", "clips_per_s"}:
            assert ours[figure] == pytest.approx(theirs[figure], abs=1e-5), figure


@pytest.mark.parametrize("name", ["clips", "clips-sharded", "plain-sharded"])
def test_each_clip_is_seen_by_one_process(name: str, tones: Path, two: Path) -> None:
    first, second = (json.loads((two / f"{name}.seen-{r}.json").read_text()) for r in (0, 1))
    batches = list(zip(first["train"], second["train"], strict=True))
    if name not in SHARDED:
        assert sorted(len(a) + len(b) for a, b in batches) == 2 * 4 * [4] + 2 * 4 * [5]
    assert all(not set(a) & set(b) for a, b in batches)
    trained = [clip for batch in batches for mine in batch for clip in mine]
    assert sorted(trained) == sorted(2 * [u.id for u in read_datadir(tones / "train")])
    watched = [name for seen in (first, second) for batch in seen["valid"] for name in batch]
    assert sorted(watched) == sorted(2 * [u.id for u in read_datadir(tones / "valid")])


def test_all_take_a_batch_that_does_not_go_round_and_it_counts_once() -> None:
    for draws, parts in ([7], ([7], [7])), ([3, 5, 6], ([3, 6], [5])):
        shares = []
        for rank in (0, 1):
            mine, share = Group(torch.device("cpu"), rank, 2).share_of(torch.tensor(draws))
            assert mine.tolist() == parts[rank]
            shares.append(share)
        assert sum(shares) == pytest.approx(1)


def test_files_are_written_once(two: Path) -> None:
    run = two / "clips"
    assert len(list((run / "tensorboard").iterdir())) == 1
    assert (run / "train.log").read_text().count("epoch=2") == 1
    assert [path.stem for path in sorted((run / "checkpoints").iterdir())] == [
        "epoch-0001-step-000004",
        "epoch-0002",
    ]
    assert json.loads((run / "environment.json").read_text())["processes"] == 2


def test_resumed_together_it_ends_with_the_same_bits(two: Path) -> None:
    """Dropout and streams in either process, cut in the middle of an epoch."""
    last = "checkpoints/epoch-0002.safetensors"
    whole, cut = (read_checkpoint(two / run / last) for run in ("dropout", "cut"))
    assert whole.facts["step"] == cut.facts["step"] > CUT_AT
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, cut.tensors[name]), name
    losses = [[line["train_loss"] for line in metrics(two / run)] for run in ("dropout", "cut")]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("name", ["streams", "sequences"])
def test_goes_on_with_another_number_of_processes(
    name: str, tones: Path, one: Path, two: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(two / name, run)
    (run / "checkpoints/epoch-0002.safetensors").unlink()
    heard = Listener()
    train(config_of(name), corpus_of(tones), run, device=CPU, resume=True, observer=heard)
    assert "processes: 2 before, 1 now: goes on, but not bit for bit" in heard.notes
    assert len(heard.losses) == 4  # from the middle of the epoch on
    losses = json.loads((one / f"{name}.losses.json").read_text())
    torch.testing.assert_close(
        torch.tensor(heard.losses), torch.tensor(losses[-4:]), rtol=0, atol=1e-5
    )


def test_rows_are_put_together_as_they_were_taken_apart() -> None:
    rows = torch.arange(14).view(7, 2)
    parts = [{"rows": Group(CPU, rank, 3).part(rows)} for rank in range(3)]
    assert torch.equal(merged(parts)["rows"], rows)


def test_processes_need_a_clip_each(tones: Path, tmp_path: Path) -> None:
    group = Group(CPU, 0, 6)
    with pytest.raises(ConfigError, match=r"batch_size 5 is that of all 6 processes"):
        train(config_of("clips"), corpus_of(tones), tmp_path, device=CPU, group=group)


def test_processes_take_a_device_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto", 1) == pick_device("cuda", 1) == torch.device("cuda", 1)
    assert pick_device("cpu", 5) == CPU
    with pytest.raises(ConfigError, match="finds 2 CUDA devices"):
        pick_device("auto", 2)
    with pytest.raises(ConfigError, match="pass cuda"):
        pick_device("cuda:1", 0)


def start(
    tones: Path, out: Path, tree: dict[str, Any], *options: str, program: Sequence[str] = PROGRAM
) -> tuple[subprocess.Popen[str], Path]:
    """The command line in two processes."""
    config = out.parent / "config.yaml"
    config.write_text(yaml.safe_dump(tree))
    command = [*TORCHRUN, "2", *program, "train", "--config", str(config), "--no-cache"]
    command += ["--train", str(tones / "train"), "--valid", str(tones / "valid")]
    command += ["--out", str(out), "--device", "cpu", *options]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=ENVIRONMENT, **pipes), config


def rank_1_of(torchrun: int) -> int:
    """The process that torchrun started as rank 1."""
    children = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    for child in children:
        if b"\0RANK=1\0" in Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    raise AssertionError(children)


def until_saved(out: Path, process: subprocess.Popen[str]) -> None:
    while not list(out.glob("checkpoints/*.safetensors")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)


def said(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("speechrnn: ")]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_a_killed_process_ends_the_run_which_goes_on_afterwards(
    tones: Path, tmp_path: Path
) -> None:
    tree = config_of("streams").model_dump(mode="json")
    tree["training"] |= {"epochs": 400, "checkpoint_steps": 5}
    out = tmp_path / "run"
    process, _ = start(tones, out, tree)
    until_saved(out, process)
    os.kill(rank_1_of(process.pid), signal.SIGKILL)
    _, stderr = process.communicate()
    assert process.returncode == 1  # torchrun's
    assert len(said(stderr)) == 1, stderr
    assert "one of 2 processes was lost" in said(stderr)[0] and "--resume" in said(stderr)[0]
    steps = read_checkpoint(next(out.glob("checkpoints/*"))).facts["step"]
    process, _ = start(tones, out, tree, "--resume")
    until_more = steps + 30
    while True:
        found = sorted(out.glob("checkpoints/*.safetensors"), key=os.path.getmtime)
        if read_checkpoint(found[-1]).facts["step"] >= until_more:
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)  # as Ctrl-C does to torchrun
    _, stderr = process.communicate()
    assert stderr.count("what was learnt is kept; --resume goes on") == 1
    assert said(stderr) == ["speechrnn: interrupted"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_a_process_that_hangs_is_missed(tones: Path, tmp_path: Path) -> None:
    tree = config_of("streams").model_dump(mode="json")
    tree["training"] |= {"epochs": 4000, "checkpoint_steps": 5}
    out = tmp_path / "run"
    process, _ = start(tones, out, tree, program=IMPATIENT)
    until_saved(out, process)
    hanging = rank_1_of(process.pid)
    os.kill(hanging, signal.SIGSTOP)
    assert process.stderr
    try:
        line = next(line for line in process.stderr if line.startswith("speechrnn: "))
    finally:
        os.kill(hanging, signal.SIGKILL)  # as torchrun would, after half a minute
    _, stderr = process.communicate()
    assert f"process 1 of 2 (pid {hanging} on " in line
    assert "gave no sign of life for 6 s" in line and "--resume" in line
    assert said(stderr) == []


def test_a_fault_is_told_once(tones: Path, tmp_path: Path) -> None:
    tree = config_of("clips").model_dump(mode="json")
    out = tmp_path / "run"
    (out / "checkpoints").mkdir(parents=True)
    (out / "metrics.jsonl").touch()
    process, _ = start(tones, out, tree)
    _, stderr = process.communicate()
    assert said(stderr) == [
        f"speechrnn: {out}: holds a run already; pass --resume, or another --out"
    ]
