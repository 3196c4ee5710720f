"""Reading and writing Kaldi data directories."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from speechrnn.audio import AudioInfo, audio_info
from speechrnn.datadir.tables import (
    FILES,
    Row,
    keyed,
    read_rows,
    segment_times,
    speaker_of,
    wav_path,
)
from speechrnn.datadir.utterance import Utterance
from speechrnn.errors import DataError


def read_datadir(directory: str | Path) -> list[Utterance]:
    """Read a Kaldi data directory; audio files are not looked at.

    Needs wav.scp, text and utt2spk; segments is read where there is one.

    Returns:
        Utterances sorted by id.

    Raises:
        DataError: The first fault, with file and line, and how many more there are.
    """
    utterances, faults = parse_datadir(Path(directory))
    if faults:
        more = f" ({len(faults) - 1} more faults: speechrnn data validate {directory})"
        raise DataError(faults[0] + more * (len(faults) > 1))
    if not utterances:
        raise DataError(f"{directory}: holds no utterances; prepare it again")
    return utterances


def parse_datadir(directory: Path) -> tuple[list[Utterance], list[str]]:
    """What a data directory holds and what is wrong with it, short of looking at audio.

    Returns:
        utterances: Those without fault, sorted by id.
        faults: One line each.

    Raises:
        DataError: A file that must be there cannot be read.
    """
    faults: list[str] = []
    wavs = keyed(read_rows(directory / "wav.scp"), faults)
    texts = keyed(read_rows(directory / "text"), faults)
    speakers = keyed(read_rows(directory / "utt2spk"), faults)
    segments_path = directory / "segments"
    segments = keyed(read_rows(segments_path), faults) if segments_path.exists() else None
    paths: dict[str, Path] = {}
    for row in wavs.values():
        try:
            paths[row.key] = wav_path(row, directory)
        except DataError as fault:
            faults.append(str(fault))
    utterances = []
    audio = wavs if segments is None else segments
    for row in audio.values():
        try:
            stretch = None if segments is None else segment_times(row)
        except DataError as fault:
            faults.append(str(fault))
            continue
        recording = stretch[0] if stretch else row.key
        found = _lacks(row, recording, wavs, texts, speakers, directory)
        faults += found
        if not found and recording in paths:
            said_by = texts[row.key], speakers[row.key]
            utterances.append(utterance_of(row, paths[recording], *said_by, stretch))
    source = "wav.scp" if segments is None else "segments"
    for table in (texts, speakers):
        for row in table.values():
            if row.key not in audio:
                faults.append(f"{row.where}: {row.key} has no audio in {source}; remove it")
    return sorted(utterances, key=lambda utterance: utterance.id), faults


def utterance_of(
    audio: Row,
    path: Path,
    text: Row,
    speaker: Row,
    stretch: tuple[str, float, float | None] | None = None,
) -> Utterance:
    """The utterance that lines of a directory's files make.

    Args:
        audio: Of segments, or where there is none of wav.scp.
        path: The recording.
        text: Of text.
        speaker: Of utt2spk.
        stretch: What `segment_times` makes of `audio`, where that is of segments.

    Raises:
        DataError: Not one speaker.
    """
    words = " ".join(text.value.split())
    times = stretch or (audio.key,)
    return Utterance(audio.key, path, speaker_of(speaker), words, *times)


def durations_s(directory: str | Path) -> dict[str, float]:
    """Seconds of each utterance by utt2dur; empty where there is none.

    Raises:
        DataError: A line is not an utterance and a number of seconds.
    """
    path = Path(directory) / "utt2dur"
    durations: dict[str, float] = {}
    for row in read_rows(path) if path.exists() else []:
        try:
            durations[row.key] = float(row.value)
        except ValueError:
            raise DataError(
                f"{row.where}: expected 'utterance seconds'; 'speechrnn data fix' makes it afresh"
            ) from None
    return durations


def write_datadir(directory: str | Path, utterances: Iterable[Utterance]) -> None:
    """Write a Kaldi data directory: wav.scp, segments if any, text, utt2spk, spk2utt, utt2dur.

    A new directory appears whole or not at all; in an existing one each file is replaced whole.

    Args:
        directory: Where to; its parents are made.
        utterances: In any order. Either all are segments or none is.

    Raises:
        DataError: No utterances, an id twice, an id or path that the format cannot hold, ids that
            do not sort by speaker, or the directory cannot be written.
        AudioError: A recording is missing or unreadable.
    """
    directory = Path(directory)
    ordered = sorted(utterances, key=lambda utterance: utterance.id)
    tables = _tables(directory, ordered)
    scratch = None
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
        for name, lines in tables.items():
            (scratch / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if directory.exists():
            for name in FILES:
                if name in tables:
                    (scratch / name).replace(directory / name)
                else:
                    (directory / name).unlink(missing_ok=True)
        else:
            scratch.chmod(0o755)
            scratch.rename(directory)
    except OSError as fault:
        raise DataError(f"{directory}: cannot be written ({fault.strerror})") from None
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _lacks(
    row: Row,
    recording: str,
    wavs: dict[str, Row],
    texts: dict[str, Row],
    speakers: dict[str, Row],
    directory: Path,
) -> list[str]:
    faults = []
    if recording not in wavs:
        faults.append(f"{row.where}: recording {recording} is not in {directory / 'wav.scp'}")
    if row.key not in texts:
        faults.append(f"{row.where}: {row.key} has no line in {directory / 'text'}; add its words")
    if row.key not in speakers:
        faults.append(f"{row.where}: {row.key} has no line in {directory / 'utt2spk'}; add it")
    else:
        try:
            speaker_of(speakers[row.key])
        except DataError as fault:
            faults.append(str(fault))
    return faults


def _tables(directory: Path, ordered: list[Utterance]) -> dict[str, list[str]]:
    _check(directory, ordered)
    durations_s: dict[str, float] = {}
    infos: dict[str, AudioInfo] = {}
    wavs: dict[str, Path] = {}
    of_speaker: dict[str, list[str]] = defaultdict(list)
    for utterance in ordered:
        name = utterance.recording
        if wavs.setdefault(name, utterance.wav) != utterance.wav:
            raise DataError(
                f"{directory}: recording {name} is both {wavs[name]} and {utterance.wav}; "
                "give each a name of its own"
            )
        if name not in infos:
            infos[name] = audio_info(utterance.wav)
        end_s = infos[name].duration_s if utterance.end_s is None else utterance.end_s
        durations_s[utterance.id] = end_s - (utterance.start_s or 0.0)
        of_speaker[utterance.speaker].append(utterance.id)
    tables = {
        "wav.scp": [f"{name} {path.absolute()}" for name, path in sorted(wavs.items())],
        "text": [f"{u.id} {u.text}".rstrip() for u in ordered],
        "utt2spk": [f"{u.id} {u.speaker}" for u in ordered],
        "spk2utt": [f"{name} {' '.join(ids)}" for name, ids in sorted(of_speaker.items())],
        "utt2dur": [f"{u.id} {durations_s[u.id]:.6g}" for u in ordered],
    }
    if ordered[0].is_segment:
        tables["segments"] = [
            f"{u.id} {u.recording} {start_s:.6f} {start_s + durations_s[u.id]:.6f}"
            for u in ordered
            for start_s in [u.start_s or 0.0]
        ]
    return tables


def _check(directory: Path, ordered: list[Utterance]) -> None:
    if not ordered:
        raise DataError(f"{directory}: no utterances to write")
    previous = None
    for utterance in ordered:
        for name in (utterance.id, utterance.speaker, utterance.recording):
            if name.split() != [name]:
                raise DataError(f"{directory}: {name!r} is no id; ids have no blanks in them")
        path = str(utterance.wav)
        if path != path.strip() or path.endswith("|") or path.startswith("|") or "\n" in path:
            raise DataError(f"{directory}: wav.scp cannot hold the path {path!r}; rename the file")
        if "\n" in utterance.text:
            raise DataError(f"{directory}: {utterance.id} has a text of several lines; join them")
        if utterance.is_segment != ordered[0].is_segment:
            raise DataError(
                f"{directory}: {utterance.id} and {ordered[0].id}: one is a segment, the other "
                "a whole recording; keep such data apart"
            )
        if not utterance.is_segment and utterance.recording != utterance.id:
            raise DataError(
                f"{directory}: {utterance.id} is all of recording {utterance.recording}; "
                "give both the same name"
            )
        if previous is not None:
            _check_order(directory, previous, utterance)
        previous = utterance


def _check_order(directory: Path, previous: Utterance, utterance: Utterance) -> None:
    if previous.id == utterance.id:
        raise DataError(f"{directory}: utterance {utterance.id} occurs twice; rename one")
    if utterance.speaker < previous.speaker:
        raise DataError(
            f"{directory}: {previous.id} of {previous.speaker} sorts before {utterance.id} of "
            f"{utterance.speaker}; begin utterance ids with the speaker and '-', as Kaldi needs it"
        )
