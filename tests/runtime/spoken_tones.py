"""Words as tones, and what a stream hears of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speechrnn import Event, Stream

RATE_HZ = 16000
TONES_HZ = {"high": 2500.0, "low": 300.0}
LOUDNESS = 0.01


def spoken(
    words: Sequence[tuple[str, float]], seconds: float, rate_hz: int = RATE_HZ
) -> np.ndarray:
    """(S,) tones of half a second that begin at the given times, over faint noise."""
    wave = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * rate_hz))
    for word, start_s in words:
        first = round(start_s * rate_hz)
        time_s = np.arange(min(rate_hz // 2, len(wave) - first)) / rate_hz
        tone = LOUDNESS * np.sin(2 * np.pi * TONES_HZ[word] * time_s)
        wave[first : first + len(tone)] += tone
    return wave.astype(np.float32)


WORDS = [("low", 0.9), ("high", 2.003), ("high", 3.5), ("low", 4.77)]
SPOKEN = spoken(WORDS, 6.0)


def hear(stream: Stream, wave: np.ndarray, block: int = 320) -> list[Event]:
    events = []
    for start in range(0, len(wave), block):
        events += stream.accept(wave[start : start + block])
    return events + stream.finish()
