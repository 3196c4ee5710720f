"""Data directories made of others: a part of one, several together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from speechrnn.datadir.files import read_datadir, write_datadir
from speechrnn.datadir.utterance import Utterance
from speechrnn.errors import DataError


def subset_datadir(
    source: str | Path,
    target: str | Path,
    *,
    speakers: Collection[str] | None = None,
    words: Collection[str] | None = None,
    per_speaker: int | None = None,
    count: int | None = None,
    seed: int = 0,
) -> list[Utterance]:
    """Write a data directory of some utterances of another; the conditions apply in this order.

    Args:
        source: Where they come from.
        target: The new directory.
        speakers: Only theirs.
        words: Only those whose text is one of these.
        per_speaker: At most so many of each speaker, drawn at random.
        count: At most so many in all, drawn at random.
        seed: Of the draws.

    Raises:
        DataError: A speaker or word is not there, or nothing is left.
    """
    utterances = read_datadir(source)
    for name, wanted, known in (
        ("speaker", speakers, {u.speaker for u in utterances}),
        ("text", words, {u.text for u in utterances}),
    ):
        strange = sorted(set(wanted or ()) - known)
        if strange:
            raise DataError(f"{source}: no {name} {strange[0]!r}; it has {_some(known)}")
    kept = [
        utterance
        for utterance in utterances
        if (speakers is None or utterance.speaker in speakers)
        and (words is None or utterance.text in words)
    ]
    random.Random(seed).shuffle(kept)
    if per_speaker is not None:
        seen: Counter[str] = Counter()
        first = []
        for utterance in kept:
            seen[utterance.speaker] += 1
            if seen[utterance.speaker] <= per_speaker:
                first.append(utterance)
        kept = first
    kept = kept[:count]
    if not kept:
        raise DataError(f"{source}: no utterance meets all conditions; widen them")
    write_datadir(target, kept)
    return sorted(kept, key=lambda utterance: utterance.id)


def combine_datadirs(sources: Sequence[str | Path], target: str | Path) -> list[Utterance]:
    """Write a data directory of all utterances of others; the same utterance twice counts once.

    Speakers of one name are taken for one person.

    Raises:
        DataError: Two different utterances or recordings have one name, or some directories have
            segments and others not.
    """
    together: dict[str, Utterance] = {}
    origin: dict[str, str | Path] = {}
    for source in sources:
        for utterance in read_datadir(source):
            if together.setdefault(utterance.id, utterance) != utterance:
                raise DataError(
                    f"{source}: utterance {utterance.id} is another one in {origin[utterance.id]}; "
                    "rename it in one of them"
                )
            origin.setdefault(utterance.id, source)
    combined = list(together.values())
    write_datadir(target, combined)
    return sorted(combined, key=lambda utterance: utterance.id)


def _some(names: Collection[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:20]) + ", …" * (len(ordered) > 20)
