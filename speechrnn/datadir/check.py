"""What is wrong with a Kaldi data directory, and putting right what can be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from speechrnn.audio import SEGMENT_OVERSHOOT_S, audio_info
from speechrnn.datadir.files import durations_s, parse_datadir, write_datadir
from speechrnn.datadir.tables import FILES, Row, keyed, read_rows
from speechrnn.datadir.utterance import Utterance
from speechrnn.errors import AudioError, DataError

BACKUP = ".backup"


def validate_datadir(
    directory: str | Path, *, decode: bool = True, on_recording: Callable[[], None] = lambda: None
) -> list[str]:
    """Look for faults in a data directory and its recordings.

    Args:
        directory: What to check.
        decode: Read every sample, which finds NaN and cut-off flac files; else look at headers.
        on_recording: Called after each recording, for progress.

    Returns:
        One line for each fault; none where all is well.
    """
    directory = Path(directory)
    try:
        utterances, faults = parse_datadir(directory)
    except DataError as fault:
        return [str(fault)]
    lengths_s, unreadable = _durations(utterances, decode, on_recording)
    faults += unreadable
    for utterance in utterances:
        duration_s = lengths_s.get(utterance.recording)
        if duration_s is not None:
            faults += _segment_faults(directory, utterance, duration_s)
    for name in FILES:
        if (directory / name).exists():
            faults += _order_faults(directory, name)
    return faults + _speaker_faults(directory, utterances)


def fix_datadir(
    directory: str | Path, *, decode: bool = True, on_recording: Callable[[], None] = lambda: None
) -> list[str]:
    """Sort a data directory, drop what is faulty, write spk2utt and utt2dur afresh.

    The files as they were go to `.backup` inside, as with Kaldi's fix_data_dir.sh.

    Args:
        directory: What to put right.
        decode: As for `validate_datadir`.
        on_recording: As for `validate_datadir`.

    Returns:
        One line for each thing that was dropped.

    Raises:
        DataError: Nothing would be left, utterance ids do not sort by speaker, or a file that must
            be there is not.
    """
    directory = Path(directory)
    utterances, dropped = parse_datadir(directory)
    lengths_s, unreadable = _durations(utterances, decode, on_recording)
    dropped += unreadable
    kept = []
    for utterance in utterances:
        duration_s = lengths_s.get(utterance.recording)
        faults = [] if duration_s is None else _segment_faults(directory, utterance, duration_s)
        dropped += faults
        if duration_s is not None and not faults:
            kept.append(utterance)
    if not kept:
        raise DataError(f"{directory}: nothing would be left of it; the first fault: {dropped[:1]}")
    try:
        (directory / BACKUP).mkdir(exist_ok=True)
        for name in FILES:
            if (directory / name).exists():
                shutil.copy2(directory / name, directory / BACKUP / name)
    except OSError as fault:
        raise DataError(f"{directory / BACKUP}: cannot be written ({fault.strerror})") from None
    write_datadir(directory, kept)
    return dropped


def _durations(
    utterances: list[Utterance], decode: bool, on_recording: Callable[[], None]
) -> tuple[dict[str, float], list[str]]:
    lengths_s, faults = {}, []
    for recording, path in sorted({u.recording: u.wav for u in utterances}.items()):
        try:
            lengths_s[recording] = audio_info(path, decode=decode).duration_s
        except AudioError as fault:
            faults.append(f"recording {recording}: {fault}")
        on_recording()
    return lengths_s, faults


def _segment_faults(directory: Path, utterance: Utterance, duration_s: float) -> list[str]:
    start_s, end_s = utterance.start_s or 0.0, utterance.end_s or duration_s
    if start_s < duration_s and end_s <= duration_s + SEGMENT_OVERSHOOT_S:
        return []
    return [
        f"{directory / 'segments'}: {utterance.id} goes from {start_s:g} to {end_s:g} s, but "
        f"recording {utterance.recording} has {duration_s:g} s; correct its times"
    ]


def _order_faults(directory: Path, name: str) -> list[str]:
    rows = read_rows(directory / name)
    for before, row in pairwise(rows):
        if row.key < before.key:
            return [f"{row.where}: {row.key} after {before.key}: not sorted (LC_ALL=C sort)"]
    return []


def _speaker_faults(directory: Path, utterances: list[Utterance]) -> list[str]:
    faults: list[str] = []
    for before, after in pairwise(utterances):
        if after.speaker < before.speaker:
            faults.append(
                f"{directory / 'utt2spk'}: {before.id} of {before.speaker} sorts before {after.id} "
                f"of {after.speaker}; begin utterance ids with the speaker and '-'"
            )
            break
    listed: list[tuple[str, str]] = []
    for speaker in _optional_rows(directory / "spk2utt", faults).values():
        listed += [(utterance, speaker.key) for utterance in speaker.value.split()]
    speakers = keyed(read_rows(directory / "utt2spk"), [])
    if sorted(listed) != sorted((row.key, row.value) for row in speakers.values()):
        faults.append(
            f"{directory / 'spk2utt'}: disagrees with utt2spk; 'speechrnn data fix' makes it afresh"
        )
    if (directory / "utt2dur").exists():
        try:
            durations = durations_s(directory)
        except DataError as fault:
            return [*faults, str(fault)]
        missing = [u.id for u in utterances if u.id not in durations]
        if missing:
            faults.append(
                f"{directory / 'utt2dur'}: lacks {len(missing)} utterances, {missing[0]} first; "
                "'speechrnn data fix' makes it afresh"
            )
    return faults


def _optional_rows(path: Path, faults: list[str]) -> dict[str, Row]:
    return keyed(read_rows(path), faults) if path.exists() else {}
