"""Who trains, who validates, who tests: by the corpus's lists, else by a hash of the speaker."""

from __future__ import annotations

import hashlib
from pathlib import Path

from speechrnn.corpora.speech_commands.clips import Clip
from speechrnn.errors import DataError

PARTS = ("train", "valid", "test")
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
_MOST_CLIPS = 2**27 - 1  # of one word; Warden's rule wants it so
_VALID_PERCENT = 10
_TEST_PERCENT = 10


def split(source: str | Path, clips: list[Clip]) -> tuple[dict[str, list[Clip]], list[str]]:
    """Deal clips to training, validation and test.

    Args:
        source: The corpus; its lists are taken where it has them, else `part_of_speaker`.
        clips: What to deal.

    Returns:
        parts: Clips of `train`, `valid` and `test`.
        notes: What is odd about the lists, one line each.

    Raises:
        DataError: One list without the other, one that cannot be read or shares a clip with the
            other, or a part without clips.
    """
    paths = {part: Path(source) / name for part, name in LISTS.items()}
    there = [path for path in paths.values() if path.exists()]
    if len(there) == 1:
        raise DataError(
            f"{there[0]}: stands alone; expected {' and '.join(LISTS.values())}, or neither of "
            "them, to split by a hash of the speaker"
        )
    notes = []
    parts: dict[str, list[Clip]] = {part: [] for part in PARTS}
    if there:
        part_of = _read_lists(paths)
        for clip in clips:
            parts[part_of.pop(_place(clip), "train")].append(clip)
        if part_of:
            notes.append(
                f"{source}: {len(part_of)} clips of its lists are missing, {min(part_of)} first"
            )
    else:
        for clip in clips:
            parts[part_of_speaker(clip.speaker)].append(clip)
    for part, members in parts.items():
        if not members:
            raise DataError(
                f"{source}: none of its {len(clips)} clips is for {part}; list some in "
                f"{' and '.join(LISTS.values())}"
            )
    return parts, notes


def part_of_speaker(speaker: str) -> str:
    """Warden's rule, `which_set`: the SHA-1 of a clip's name up to `_nohash_` decides.

    The same however many clips are added: about a tenth of the speakers each validate and test.
    """
    digest = hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest()
    percent = int(digest, 16) % (_MOST_CLIPS + 1) * (100.0 / _MOST_CLIPS)
    if percent < _VALID_PERCENT:
        return "valid"
    return "test" if percent < _VALID_PERCENT + _TEST_PERCENT else "train"


def _place(clip: Clip) -> str:
    return f"{clip.word}/{clip.path.stem}"


def _read_lists(paths: dict[str, Path]) -> dict[str, str]:
    """The part of each clip `WORD/NAME`; its suffix may be another than in the list."""
    part_of: dict[str, str] = {}
    for part, path in paths.items():
        try:
            lines = path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as fault:
            raise DataError(f"{path}: cannot be read ({fault}); get the corpus again") from None
        for line in lines:
            if part_of.setdefault(line.rpartition(".")[0], part) != part:
                raise DataError(f"{path}: {line} is in the other list too; keep it in one")
    return part_of
