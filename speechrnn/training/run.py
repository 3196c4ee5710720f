"""The directory that a training run leaves behind: settings, environment, log, metrics, weights."""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

import speechrnn
from speechrnn.config import Config, dump_config
from speechrnn.errors import ConfigError, ModelError
from speechrnn.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

log = logging.getLogger(__name__)


class RunDirectory:
    """Writes one experiment's files, and finds where an interrupted one can go on.

    Args:
        path: The directory; made where it lacks.
        config: Saved as `config.yaml`.
        resume: Go on from the last whole checkpoint there.

    Raises:
        ConfigError: A run is there already and `resume` was not asked for, or the run there had
            other settings.
    """

    def __init__(self, path: Path, config: Config, resume: bool) -> None:
        self.path = path
        self.config = config
        self.start = self._last_good() if resume else None
        if not resume and (path / "metrics.jsonl").exists():
            raise ConfigError(f"{path}: holds a run already; pass --resume, or another --out")
        if self.start and self.start.facts["config"] != config.model_dump(mode="json"):
            raise ConfigError(
                f"{path}: was begun with other settings ({_changed(self.start, config)}); "
                "resume with the same ones, or pass another --out"
            )
        path.mkdir(parents=True, exist_ok=True)
        (path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
        self._handler = logging.FileHandler(path / "train.log")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger("speechrnn").addHandler(self._handler)
        logging.getLogger("speechrnn").setLevel(logging.INFO)
        self._trim_metrics(self.start.facts["epoch"] if self.start else 0)
        self._metrics = (path / "metrics.jsonl").open("a", encoding="utf-8")
        self._board = SummaryWriter(str(path / "tensorboard"))

    def write_environment(self, device: torch.device) -> None:
        """Record what this run ran on."""
        facts = environment(device) | {"seed": self.config.training.seed}
        text = json.dumps(facts, indent=2) + "\n"
        (self.path / "environment.json").write_text(text, encoding="utf-8")

    def write_metrics(self, record: dict[str, Any]) -> None:
        """Append one epoch's figures to `metrics.jsonl`, TensorBoard and the log."""
        self._metrics.write(json.dumps(record) + "\n")
        self._metrics.flush()
        for name, value in record.items():
            if name != "epoch" and value is not None:
                self._board.add_scalar(name, value, record["epoch"])
        shown = " ".join(f"{k}={v:.5g}" for k, v in record.items() if v is not None)
        log.info("%s", shown)

    def write_checkpoint(self, checkpoint: Checkpoint, best: bool, keep: int = 2) -> None:
        """Save an epoch's checkpoint, keep the last `keep`, and the best one apart."""
        folder = self.path / "checkpoints"
        if best:
            write_checkpoint(self.path / "best.safetensors", checkpoint)
        write_checkpoint(folder / f"epoch-{checkpoint.facts['epoch']:04d}.safetensors", checkpoint)
        for old in sorted(folder.glob("epoch-*.safetensors"))[:-keep]:
            old.unlink()

    def close(self) -> None:
        """Flush and close the files."""
        self._metrics.close()
        self._board.close()
        logging.getLogger("speechrnn").removeHandler(self._handler)
        self._handler.close()

    def _last_good(self) -> Checkpoint | None:
        for path in sorted((self.path / "checkpoints").glob("epoch-*.safetensors"), reverse=True):
            try:
                return read_checkpoint(path)
            except ModelError as fault:
                log.warning("%s; taking the one before", fault)
        return None

    def _trim_metrics(self, epochs: int) -> None:
        path = self.path / "metrics.jsonl"
        if path.exists():
            kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:epochs]
            part = path.with_name("metrics.jsonl.part")
            part.write_text("".join(kept), encoding="utf-8")
            os.replace(part, path)


def environment(device: torch.device) -> dict[str, Any]:
    """What decides how a run comes out and how fast: versions, machine, commit."""
    cuda = device.type == "cuda"
    return {
        "speechrnn": speechrnn.__version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor() or "cpu",
        "threads": torch.get_num_threads(),
        "platform": platform.platform(),
    }


def _git_commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _changed(start: Checkpoint, config: Config) -> str:
    old, new = _flat(start.facts["config"]), _flat(config.model_dump(mode="json"))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(f"{key}: {old.get(key)} before, {new.get(key)} now" for key in keys)


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= (
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return flat
