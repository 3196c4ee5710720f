"""The recordings in a folder."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
FORMATS = ", ".join(suffix[1:] for suffix in SUFFIXES[:-1]) + f" or {SUFFIXES[-1][1:]}"


def recordings_below(folder: str | Path) -> list[Path]:
    """Files that their names call recordings, in this folder and all below, sorted."""
    paths = sorted(Path(folder).rglob("*"))
    return [path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file()]
