"""A piece of live audio, and what can be listened to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Block:
    """A piece of live audio.

    Attributes:
        samples: (S,) float32 at the source's rate; none while nothing comes.
        lost_s: Audio that was lost just before it, 0 where nobody knows how much; none: nothing.
        notice: What the user ought to know, one line; mostly empty.
    """

    samples: np.ndarray
    lost_s: float | None = None
    notice: str = ""


NOTHING = Block(np.zeros(0, np.float32))


class Source(Protocol):
    """A microphone, or a file played at the pace of one.

    Attributes:
        name: What the user knows it by.
        sample_rate_hz: Rate of its samples.
    """

    name: str
    sample_rate_hz: int

    def blocks(self) -> Iterator[Block]:
        """The audio as it comes, several blocks a second even while none does."""
        ...
