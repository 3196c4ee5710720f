"""Times in audio, as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Time as 0:00:00.00, right for hours of audio.

    >>> clock(3671.256)
    '1:01:11.26'
    """
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
