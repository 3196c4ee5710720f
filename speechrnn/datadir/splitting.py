"""Parts of a data directory for training, validation and test."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from speechrnn.datadir.files import read_datadir, write_datadir
from speechrnn.datadir.utterance import Utterance
from speechrnn.errors import DataError


def split_by_speaker(
    source: str | Path, target: str | Path, parts: Mapping[str, float], seed: int = 0
) -> dict[str, list[Utterance]]:
    """Write `target/<part>` so that each speaker stands in one part only.

    Args:
        source: Data directory to split.
        target: Folder of the parts' data directories.
        parts: Share of the utterances for each part, to be met as well as whole speakers allow.
        seed: Of the order in which speakers are dealt.

    Returns:
        Utterances of each part.

    Raises:
        DataError: Fewer speakers than parts, or shares that are none.
    """
    _check_shares(parts)
    of_speaker = defaultdict(list)
    for utterance in read_datadir(source):
        of_speaker[utterance.speaker].append(utterance)
    if len(of_speaker) < len(parts):
        names = ", ".join(sorted(of_speaker))
        raise DataError(
            f"{source}: {len(of_speaker)} speaker{'s' * (len(of_speaker) > 1)} ({names}) cannot "
            f"fill {len(parts)} parts ({', '.join(parts)}); record more people, ask for fewer "
            "parts, or pass --allow-shared-speakers"
        )
    return _write(target, _deal(of_speaker, parts, seed))


def split_at_random(
    source: str | Path, target: str | Path, parts: Mapping[str, float], seed: int = 0
) -> dict[str, list[Utterance]]:
    """Write `target/<part>` without regard to speakers: scores on such parts say little.

    Arguments, result and errors as for `split_by_speaker`.
    """
    _check_shares(parts)
    utterances = read_datadir(source)
    if len(utterances) < len(parts):
        raise DataError(f"{source}: {len(utterances)} utterances cannot fill {len(parts)} parts")
    return _write(target, deal_at_random(utterances, parts, seed))


def deal_at_random(
    utterances: Sequence[Utterance], parts: Mapping[str, float], seed: int
) -> dict[str, list[Utterance]]:
    """Deal utterances to parts by share, each part at least one."""
    alone = {utterance.id: [utterance] for utterance in utterances}
    return _deal(alone, parts, seed)


def _deal(
    groups: Mapping[str, list[Utterance]], parts: Mapping[str, float], seed: int
) -> dict[str, list[Utterance]]:
    """Give each group, in random order, to a part that has room for it, the emptiest first."""
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    total = sum(len(group) for group in groups.values()) / sum(parts.values())
    wanted = {part: share * total for part, share in parts.items()}
    dealt: dict[str, list[Utterance]] = {part: [] for part in parts}
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        lacking = {part: wanted[part] - len(dealt[part]) for part in parts}
        empty = [part for part in parts if not dealt[part]]
        roomy = [part for part in parts if lacking[part] >= len(groups[name])]
        if left <= len(empty):
            part = max(empty, key=lambda part: lacking[part])
        elif roomy:
            part = max(roomy, key=lambda part: (lacking[part] / wanted[part], lacking[part]))
        else:
            part = max(parts, key=lambda part: lacking[part])
        dealt[part] += groups[name]
    return dealt


def _write(target: str | Path, dealt: dict[str, list[Utterance]]) -> dict[str, list[Utterance]]:
    for part, utterances in dealt.items():
        write_datadir(Path(target) / part, utterances)
    return dealt


def _check_shares(parts: Mapping[str, float]) -> None:
    if not parts:
        raise DataError("no parts to split into; name some, such as train=0.8,test=0.2")
    for part, share in parts.items():
        if not 0 < share < float("inf"):
            raise DataError(f"part {part}: share is {share:g}, expected a number above 0")
        if part in ("", ".", "..") or Path(part).name != part:
            raise DataError(f"part {part!r}: expected a plain folder name such as train")
