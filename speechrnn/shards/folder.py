"""A folder of shards: made of a list of utterances, described by one file that is written last."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from speechrnn.datadir import Utterances
from speechrnn.errors import DataError
from speechrnn.shards.container import replacing
from speechrnn.shards.making import Part, write_shards
from speechrnn.shards.shard import Shard, shard_key

DESCRIPTION = "shards.json"
SHARD_CLIPS = 8192
_FORMAT = 1
_AGAIN = "make it with 'speechrnn data shard'"


@dataclass(frozen=True)
class ShardFolder:
    """What `shards.json` says.

    Attributes:
        path: The folder.
        sample_rate_hz: Of all clips.
        names: Files, in order.
        clips: Clips of each file.
        samples: Samples in all.
        texts: How many clips say what.
        speakers: Who speaks, sorted.
        faults: One line for each utterance that could not be read and was left out.
        key: Names what the shards were made of.
    """

    path: Path
    sample_rate_hz: int
    names: tuple[str, ...]
    clips: tuple[int, ...]
    samples: int
    texts: dict[str, int]
    speakers: tuple[str, ...]
    faults: tuple[str, ...]
    key: str

    @property
    def paths(self) -> list[Path]:
        """The files, in order."""
        return [self.path / name for name in self.names]


def is_shard_folder(path: Path) -> bool:
    """Whether a folder holds shards, finished or not, rather than Kaldi's files."""
    return (path / DESCRIPTION).exists() or any(path.glob("shard-*.safetensors"))


def read_shard_folder(path: Path) -> ShardFolder:
    """Read what `shards.json` says.

    Raises:
        DataError: It lacks, as it does until all shards are there, or it is damaged or too new.
    """
    file = path / DESCRIPTION
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts.pop("format") != _FORMAT:
            raise DataError(f"{file}: is of another format than {_FORMAT}; {_AGAIN}")
        for name in ("names", "clips", "speakers", "faults"):
            facts[name] = tuple(facts[name])
        return ShardFolder(path, **facts)
    except FileNotFoundError:
        raise DataError(f"{file}: lacks: the shards are not finished; {_AGAIN}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DataError(f"{file}: cannot be read ({fault}); {_AGAIN}") from None


def make_shards(
    utterances: Utterances,
    out: Path,
    sample_rate_hz: int,
    executor: Executor,
    on_clip: Callable[[], None] = lambda: None,
    shard_clips: int = SHARD_CLIPS,
) -> ShardFolder:
    """Decode utterances into a folder of shards.

    Each shard holds clips from all over the list, dealt out at random and in random order, so that
    any stretch of it is a fair sample: training shuffles no more than stretches and what a few of
    them hold. The shards are the same whatever the executor; those that an earlier run finished
    are read once, and stay if they are sound.

    Args:
        utterances: What to read.
        out: The folder.
        sample_rate_hz: Rate that everything is resampled to.
        executor: Runs the work, see `write_shards`.
        on_clip: Called for each utterance once its shard is there, for progress.
        shard_clips: Clips of a shard.

    Raises:
        DataError: No utterance can be read, a shard cannot be written, a worker died, or `out`
            holds shards of something else.
    """
    finished = read_shard_folder(out) if (out / DESCRIPTION).exists() else None
    if finished is not None:
        keys = [shard_key(part, sample_rate_hz) for _, part in _deal(utterances, out, shard_clips)]
        if finished.key != _joint_key(keys):
            raise DataError(
                f"{out}: holds shards of other utterances, files, rate or size; "
                "pass another --out, or remove it"
            )
    write_shards(_deal(utterances, out, shard_clips), sample_rate_hz, executor, on_clip)
    if finished is not None:
        return finished
    folder = _describe(out, _num_shards(utterances, shard_clips), sample_rate_hz)
    for path in {*out.glob("shard-*"), *out.glob(".shard*.tmp")} - set(folder.paths):
        path.unlink()  # of a run that was killed, or of another list
    facts = {name: value for name, value in asdict(folder).items() if name != "path"}
    with replacing(out / DESCRIPTION) as file:
        file.write(json.dumps({"format": _FORMAT, **facts}, ensure_ascii=False, indent=1).encode())
    return folder


def _num_shards(utterances: Utterances, shard_clips: int) -> int:
    return -(-len(utterances) // shard_clips)


def _shard_path(out: Path, number: int) -> Path:
    return out / f"shard-{number:05d}.safetensors"


def _deal(utterances: Utterances, out: Path, shard_clips: int) -> Iterator[Part]:
    order = np.random.default_rng(0).permutation(len(utterances))
    for number, part in enumerate(np.array_split(order, _num_shards(utterances, shard_clips))):
        yield _shard_path(out, number), [utterances[i] for i in part.tolist()]


def _describe(out: Path, num_shards: int, sample_rate_hz: int) -> ShardFolder:
    clips, samples, faults, keys = [], 0, [], []
    texts: Counter[str] = Counter()
    speakers: set[str] = set()
    paths = [_shard_path(out, number) for number in range(num_shards)]
    for path in paths:
        shard = Shard(path)
        clips.append(len(shard))
        samples += int(shard.starts[-1])
        faults += shard.faults
        keys.append(shard.key)
        if len(shard):
            counts = np.bincount(shard.container["text"], minlength=len(shard.texts))
            texts.update(dict(zip(shard.texts, counts.tolist(), strict=True)))
            speakers.update(shard.speakers)
    if not samples:
        raise DataError(f"no audio could be read; the first of {len(faults)} faults: {faults[:1]}")
    return ShardFolder(
        path=out,
        sample_rate_hz=sample_rate_hz,
        names=tuple(path.name for path in paths),
        clips=tuple(clips),
        samples=samples,
        texts=dict(sorted(texts.items())),
        speakers=tuple(sorted(speakers)),
        faults=tuple(faults),
        key=_joint_key(keys),
    )


def _joint_key(keys: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(keys).encode(), digest_size=16).hexdigest()
