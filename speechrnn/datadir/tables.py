"""The text files of a Kaldi data directory: a key and a value a line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from speechrnn.errors import DataError

FILES = ("wav.scp", "segments", "text", "utt2spk", "spk2utt", "utt2dur")


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes:
        where: File and line, for errors.
        key: First word.
        value: What follows it.
    """

    where: str
    key: str
    value: str


def read_rows(path: Path) -> list[Row]:
    """The lines of a table, empty ones left out.

    Raises:
        DataError: Missing or unreadable.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        kind = "no such file" if path.parent.is_dir() else "no such directory"
        raise DataError(f"{path}: {kind}; give a Kaldi data directory") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as fault:
        raise DataError(f"{path}: {fault.strerror}; give a Kaldi data directory") from None
    rows = (row_of(path, number, line) for number, line in enumerate(lines, 1))
    return [row for row in rows if row]


def row_of(path: Path, number: int, line: str) -> Row | None:
    """A line of a table, counted from 1; none: it is empty."""
    words = line.split(maxsplit=1)
    return Row(f"{path}:{number}", words[0], " ".join(words[1:]).strip()) if words else None


def keyed(rows: list[Row], faults: list[str]) -> dict[str, Row]:
    """Rows by key; of a repeated key the first counts, the others are faults."""
    table: dict[str, Row] = {}
    for row in rows:
        if row.key in table:
            first = table[row.key].where.rsplit(":", 1)[1]
            faults.append(f"{row.where}: {row.key} stands already in line {first}; keep one")
        else:
            table[row.key] = row
    return table


def wav_path(row: Row, directory: Path) -> Path:
    """The file that a line of wav.scp names, as an absolute path.

    A relative path is taken from the current directory, as Kaldi does, else from the data
    directory.

    Raises:
        DataError: A command, standard input, or nothing.
    """
    if row.value.endswith("|") or row.value.startswith("|"):
        raise DataError(
            f"{row.where}: {row.key} is the command {row.value!r}; data must not run programs: "
            "write its output to a file and name that"
        )
    if row.value in ("", "-"):
        raise DataError(f"{row.where}: {row.key} names no file; write the recording's path")
    path = Path(row.value)
    if not path.is_absolute() and not path.exists() and (directory / path).exists():
        path = directory / path
    return Path(os.path.abspath(path))


def speaker_of(row: Row) -> str:
    """The speaker that a line of utt2spk names.

    Raises:
        DataError: Not one word.
    """
    if len(row.value.split()) != 1:
        raise DataError(f"{row.where}: expected 'utterance speaker'")
    return row.value


def segment_times(row: Row) -> tuple[str, float, float | None]:
    """Recording, start and end in seconds of a line of segments; an end of -1 is none, as in Kaldi.

    Raises:
        DataError: Not `utterance recording start end`, or no stretch of time.
    """
    words = row.value.split()
    try:
        recording, start_s, end_s = words[0], float(words[1]), float(words[2])
        if len(words) != 3:
            raise ValueError
    except (IndexError, ValueError):
        raise DataError(
            f"{row.where}: expected 'utterance recording start end', got "
            f"'{row.key} {row.value}'; times are in seconds"
        ) from None
    if end_s == -1:
        end_s = float("inf")
    if not 0 <= start_s < end_s:
        raise DataError(
            f"{row.where}: {row.key} goes from {start_s:g} to {end_s:g} s; "
            "expected a start from 0 on and a later end"
        )
    return recording, start_s, None if end_s == float("inf") else end_s
