"""The directory that a training run leaves behind: settings, environment, log, metrics, weights."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from speechrnn.config import Config, dump_config
from speechrnn.errors import ConfigError, ModelError, RunError
from speechrnn.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    sync_folder,
    write_checkpoint,
)
from speechrnn.training.environment import environment

log = logging.getLogger(__name__)

_BEST = "best.safetensors"
_FREE = {"training.checkpoint_steps", "training.keep_checkpoints"}  # they change no weight


class RunDirectory:
    """Writes one experiment's files, and finds where an interrupted one can go on.

    `checkpoints/epoch-0003.safetensors` was written after three epochs,
    `epoch-0003-step-000500.safetensors` 500 steps later, `best.safetensors` by the best epoch.

    Args:
        path: The directory; made where it lacks.
        config: Saved as `config.yaml`.
        resume: Go on from the last whole checkpoint there.

    Attributes:
        start: That checkpoint.
        notes: A line for each thing about it that the user should know.

    Raises:
        ConfigError: A run is there already and `resume` was not asked for, or the run there had
            other settings.
        ModelError: There are checkpoints, all of them damaged.
        RunError: The disk is full.
    """

    def __init__(self, path: Path, config: Config, resume: bool) -> None:
        self.path = path
        self.notes: list[str] = []
        self._config = config
        self._folder = path / "checkpoints"
        self.start = self._last_good() if resume else None
        if not resume and (path / "metrics.jsonl").exists():
            raise ConfigError(f"{path}: holds a run already; pass --resume, or another --out")
        if self.start and "sums" not in self.start.facts:
            raise ConfigError(
                f"{path}: was begun by an older speechrnn; resume with that one, or pass another "
                "--out"
            )
        if self.start and (changes := _changes(self.start, config)):
            raise ConfigError(
                f"{path}: was begun with other settings ({changes}); "
                "resume with the same ones, or pass another --out"
            )
        epochs = self.start.facts["epoch"] if self.start else 0
        with self._writing():
            self._folder.mkdir(parents=True, exist_ok=True)
            for part in (*path.glob("*.part"), *self._folder.glob("*.part")):
                part.unlink()  # what a kill left half-written
            (path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
            self._trim_metrics(epochs)
            self._metrics = (path / "metrics.jsonl").open("a", encoding="utf-8")
            self._board = SummaryWriter(str(path / "tensorboard"), purge_step=epochs + 1)
            self._handler = _LogFile(path / "train.log")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger("speechrnn").addHandler(self._handler)
        logging.getLogger("speechrnn").setLevel(logging.INFO)

    def write_environment(self, arithmetic: dict[str, Any]) -> None:
        """Record what this run ran on."""
        facts = environment() | arithmetic | {"seed": self._config.training.seed}
        text = json.dumps(facts, indent=2) + "\n"
        with self._writing():
            (self.path / "environment.json").write_text(text, encoding="utf-8")

    def note(self, line: str) -> None:
        """Add a line to the log."""
        with self._writing():
            log.info("%s", line)

    def write_metrics(self, record: dict[str, Any]) -> None:
        """Append one epoch's figures to `metrics.jsonl`, TensorBoard and the log."""
        shown = " ".join(f"{k}={v:.5g}" for k, v in record.items() if v is not None)
        with self._writing():
            self._metrics.write(json.dumps(record) + "\n")
            self._metrics.flush()
            os.fsync(self._metrics.fileno())  # the checkpoint that counts on it comes later
            for name, value in record.items():
                if name != "epoch" and value is not None:
                    self._board.add_scalar(name, value, record["epoch"])
            log.info("%s", shown)

    def write_checkpoint(self, checkpoint: Checkpoint, best: bool = False) -> None:
        """Save a checkpoint, keep the last few, and the best one apart."""
        facts = checkpoint.facts
        name = f"epoch-{facts['epoch']:04d}"
        if steps := facts["sums"]["steps"]:
            name += f"-step-{steps:06d}"
        with self._writing():
            if best:
                write_checkpoint(self.path / _BEST, checkpoint)
            write_checkpoint(self._folder / f"{name}.safetensors", checkpoint)
            for old in self._checkpoints()[: -self._config.training.keep_checkpoints]:
                old.unlink()

    def write_fault(self, name: str, parts: Sequence[Checkpoint]) -> None:
        """Save what each process had of a batch, see `speechrnn.training.inspection`."""
        for rank, part in enumerate(parts):
            process = f"-process-{rank}" if len(parts) > 1 else ""
            with self._writing():
                write_checkpoint(self.path / f"{name}{process}.safetensors", part)

    def close(self) -> None:
        """Flush and close the files."""
        logging.getLogger("speechrnn").removeHandler(self._handler)
        for file in (self._metrics, self._board, self._handler):
            with contextlib.suppress(OSError):  # a full disk has been told of
                file.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise RunError(
                f"{fault.filename or self.path}: cannot be written "
                f"({fault.strerror or fault}); earlier checkpoints are whole: "
                "make room and go on with --resume"
            ) from None

    def _checkpoints(self) -> list[Path]:
        """Oldest first."""
        found = self._folder.glob("epoch-*.safetensors")
        return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)])

    def _last_good(self) -> Checkpoint | None:
        found = self._checkpoints()
        for path in reversed(found):
            try:
                return read_checkpoint(path)
            except ModelError as fault:
                self.notes.append(f"{fault}; taking the one before")
        if found:
            raise ModelError(
                f"{self._folder}: none of {len(found)} checkpoints can be read "
                f"({self.notes[0]}); pass another --out to begin anew"
            )
        return None

    def _trim_metrics(self, epochs: int) -> None:
        """Drop the lines of epochs that will be run again, and one that a kill cut off."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:epochs]
            part = path.with_name("metrics.jsonl.part")
            part.write_text("".join(kept), encoding="utf-8")
            os.replace(part, path)
            sync_folder(path.parent)


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Raise what went wrong, where logging would print a traceback and go on."""
        raise


def _changes(start: Checkpoint, config: Config) -> str:
    old, new = _flat(start.facts["config"]), _flat(config.model_dump(mode="json"))
    keys = [k for k in {**old, **new} if k not in _FREE and old.get(k) != new.get(k)]
    return ", ".join(f"{key}: {old.get(key)} before, {new.get(key)} now" for key in keys)


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= (
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return flat
