"""Any recordings of one's own: a folder for each word."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speechrnn.audio import FORMATS, SUFFIXES, audio_info
from speechrnn.datadir import Utterance, id_of, write_datadir
from speechrnn.errors import AudioError, DataError

BACKGROUND = "_background_noise_"  # Speech Commands' folder of long noises
_SPECIAL = re.compile(r"_\w+_")

SpeakerOf = Callable[[Path], str | None]


@dataclass(frozen=True)
class Prepared:
    """What came of a folder.

    Attributes:
        utterances: What was written.
        faults: Recordings left out, one line each.
        notes: What was passed over on purpose, one line each.
    """

    utterances: list[Utterance]
    faults: list[str]
    notes: list[str]


def prepare(
    source: str | Path,
    target: str | Path,
    *,
    speaker_pattern: str | None = None,
    speakers_csv: str | Path | None = None,
    speaker: str | None = None,
    on_recording: Callable[[], None] = lambda: None,
) -> Prepared:
    """Write the Kaldi data directory `target/all` from `source/WORD/…/*.{wav,flac,ogg,mp3}`.

    A folder's name is its word; an underscore stands for a blank (`lights_on`: "lights on") but in
    names such as `_unknown_` and `_silence_`, which stay. `_background_noise_` is passed over.
    Every recording is read once; those that cannot be are left out.

    Args:
        source: Folder of word folders.
        target: Where the data directory goes.
        speaker_pattern: How file names tell the speaker, such as `{speaker}_nohash_*`: `{speaker}`
            is the shortest text that fits, `*` any; matched against the path inside the word
            folder, without its suffix. One of this and the next two must be given.
        speakers_csv: A table with the columns `path` (inside `source`) and `speaker`.
        speaker: The one person who speaks everywhere.
        on_recording: Called after each recording, for progress.

    Raises:
        DataError: None or several ways to tell speakers, a faulty pattern or table, no word
            folders, or no readable recording.
    """
    source = Path(source)
    speaker_of = _speaker_finder(source, speaker_pattern, speakers_csv, speaker)
    notes: list[str] = []
    utterances, faults = [], []
    originals: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for word, path in _recordings(source, notes):
        try:
            name = speaker_of(path)
            if name is None:
                raise DataError(f"{path}: no speaker for it; widen the pattern, or list it")
            speaker_id = id_of(name)
            if originals.setdefault(speaker_id, name) != name:
                raise DataError(
                    f"{path}: speakers {name!r} and {originals[speaker_id]!r} are the same as an "
                    f"id ({speaker_id}); rename one"
                )
            audio_info(path, decode=True)
        except (AudioError, DataError) as fault:
            faults.append(str(fault))
        else:
            inside = path.relative_to(source).with_suffix("")
            base = f"{speaker_id}-{'-'.join(id_of(part) for part in inside.parts)}"
            taken[base] += 1
            utterance = base if taken[base] == 1 else f"{base}-copy{taken[base]}"
            text = word if _SPECIAL.fullmatch(word) else " ".join(word.split("_"))
            utterances.append(Utterance(utterance, path.absolute(), speaker_id, text, utterance))
        on_recording()
    if not utterances:
        first = f"; the first of {len(faults)} faults: {faults[0]}" if faults else ""
        raise DataError(
            f"{source}: no recordings to use; expected WORD/*.wav (or flac, ogg, mp3){first}"
        )
    write_datadir(Path(target) / "all", utterances)
    return Prepared(utterances, faults, notes)


def count_recordings(source: str | Path) -> int:
    """Recordings that `prepare` will look at."""
    return len(_recordings(Path(source), []))


def _recordings(source: Path, notes: list[str]) -> list[tuple[str, Path]]:
    """(word, recording), sorted; what is passed over goes to `notes`."""
    if not source.is_dir():
        raise DataError(f"{source}: no such folder; give one that holds a folder for each word")
    found: list[tuple[str, Path]] = []
    strange: Counter[str] = Counter()
    for folder in sorted(source.iterdir()):
        if folder.name.startswith("."):
            continue
        if folder.is_file():
            if folder.suffix.lower() in SUFFIXES:
                notes.append(f"{folder}: passed over: it lies in no word's folder")
            continue
        paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and not _is_hidden(p, folder)]
        recordings = [path for path in paths if path.suffix.lower() in SUFFIXES]
        strange.update(path.suffix for path in paths if path.suffix.lower() not in SUFFIXES)
        if folder.name == BACKGROUND:
            notes.append(f"{folder}: passed over: noise, no word")
        elif not recordings:
            notes.append(f"{folder}: passed over: no recordings in it")
        else:
            found += [(folder.name, path) for path in recordings]
    for suffix, count in sorted(strange.items()):
        notes.append(f"{source}: {count} files *{suffix} passed over; expected {FORMATS}")
    return found


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _speaker_finder(
    source: Path, pattern: str | None, table: str | Path | None, speaker: str | None
) -> SpeakerOf:
    if sum(way is not None for way in (pattern, table, speaker)) != 1:
        raise DataError(
            f"{source}: who speaks? Give one of: --speaker-pattern '{{speaker}}_*' (as file names "
            "have it), --speakers-csv FILE (columns path,speaker), --speaker NAME (one person)"
        )
    if speaker is not None:
        if not speaker.strip():
            raise DataError("--speaker: expected a name, got blanks")
        return lambda path: speaker
    if table is not None:
        listed = _read_table(source, Path(table))
        return lambda path: listed.get(path.absolute())
    expression = _compile(pattern or "")

    def from_name(path: Path) -> str | None:
        inside = Path(*path.relative_to(source).parts[1:]).with_suffix("")
        match = expression.fullmatch(inside.as_posix())
        return match["speaker"] if match else None

    return from_name


def _compile(pattern: str) -> re.Pattern[str]:
    if pattern.count("{speaker}") != 1:
        raise DataError(
            f"--speaker-pattern {pattern!r}: expected {{speaker}} in it once, "
            "such as '{speaker}_*'"
        )
    expression = re.escape(pattern).replace(r"\*", ".*")
    return re.compile(expression.replace(r"\{speaker\}", "(?P<speaker>[^/]+?)"))


def _read_table(source: Path, table: Path) -> dict[Path, str]:
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "speaker"} <= set(rows.fieldnames or ()):
                raise DataError(f"{table}:1: expected the columns path,speaker in the first line")
            listed: dict[Path, str] = {}
            for row in rows:
                path, speaker = (row["path"] or "").strip(), (row["speaker"] or "").strip()
                if not path or not speaker:
                    raise DataError(f"{table}:{rows.line_num}: a path or a speaker is missing")
                place = (source / path).absolute()
                if not place.exists():
                    raise DataError(f"{table}:{rows.line_num}: no recording {place}; correct it")
                if listed.setdefault(place, speaker) != speaker:
                    raise DataError(f"{table}:{rows.line_num}: {path} has two speakers; keep one")
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise DataError(f"{table}: cannot be read as a table ({fault})") from None
    return listed
