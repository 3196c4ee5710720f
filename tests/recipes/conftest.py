"""Tiny corpora that several recipes run on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def write_tiny_corpus() -> Callable[[Path, Sequence[str], float, float], None]:
    """Writes a folder in the layout of Speech Commands, whose words are tones of four speakers."""

    def write(corpus: Path, words: Sequence[str], lowest_hz: float, step_hz: float) -> None:
        time_s = np.arange(2400) / 8000
        speakers = {"0a": 0.1, "0b": 0.2, "0c": 0.3, "0d": 0.4}
        for number, word in enumerate(words):
            (corpus / word).mkdir(parents=True)
            for speaker, loudness in speakers.items():
                wave = loudness * np.sin(2 * np.pi * (lowest_hz + step_hz * number) * time_s)
                soundfile.write(corpus / word / f"{speaker}_nohash_0.flac", wave, 8000)
        for name, speaker in {"validation_list.txt": "0c", "testing_list.txt": "0d"}.items():
            places = [path.relative_to(corpus) for path in corpus.glob(f"*/{speaker}*")]
            (corpus / name).write_text("".join(f"{place}\n" for place in places))
        (corpus / "_background_noise_").mkdir()
        hiss = 0.01 * np.random.default_rng(0).standard_normal(8 * 8000)
        soundfile.write(corpus / "_background_noise_/hiss.wav", hiss, 8000)

    return write
