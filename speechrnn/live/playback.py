"""A file played at the pace of a microphone, unheard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from speechrnn.audio import audio_info, stream_audio
from speechrnn.live.block import Block

_BLOCK_S = 0.02


class Playback:
    """Gives out a recording as a microphone would: a block as soon as it would have been recorded.

    Attributes:
        name: The file's.
        sample_rate_hz: The recording's.
    """

    def __init__(self, path: Path) -> None:
        """Look at the file.

        Raises:
            AudioError: Missing, no audio, empty, cut off.
        """
        self.name = path.name
        self.sample_rate_hz = audio_info(path).sample_rate_hz
        self._path = path

    def blocks(self) -> Iterator[Block]:
        """The recording, from its beginning to its end.

        Raises:
            AudioError: It cannot be read to its end.
        """
        block_samples = round(_BLOCK_S * self.sample_rate_hz)
        began_s = time.monotonic()
        played = 0
        for samples in stream_audio(self._path, self.sample_rate_hz, block_samples):
            played += len(samples)
            early_s = began_s + played / self.sample_rate_hz - time.monotonic()
            if early_s > 0:
                time.sleep(early_s)
            yield Block(samples)
