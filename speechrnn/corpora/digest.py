"""Checksums of recordings that no archive's packing changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from speechrnn.audio import read_audio
from speechrnn.errors import DataError


def digest_of(recordings: Iterable[Path]) -> str:
    """SHA-256 over the sorted file names and the SHA-256 of each one's 16-bit samples, in hex."""
    lines = []
    for path in sorted(recordings):
        wave, _ = read_audio(path)
        samples = np.round(wave * 32768).astype("<i2")
        lines.append(f"{path.name} {hashlib.sha256(samples.tobytes()).hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_digest(folder: Path, recordings: list[Path], expected: str) -> None:
    """Stop where the recordings of a downloaded corpus are others than they should be.

    Raises:
        DataError: Names the folder that they are in.
    """
    found = digest_of(recordings)
    if found != expected:
        raise DataError(
            f"{folder}: its {len(recordings)} recordings have the checksum {found[:12]}…, "
            f"expected {expected[:12]}…; remove the folder and download again, or, if you trust "
            "these, prepare from it"
        )
