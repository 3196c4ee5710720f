"""A microphone as a source of blocks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from speechrnn.errors import AudioError
from speechrnn.live.block import NOTHING, Block
from speechrnn.live.devices import InputDevice, reason, sound_library
from speechrnn.live.quiet import quiet_libraries

_BLOCK_S = 0.02
_QUEUED_S = 10.0  # kept while the program is busy
_WAIT_S = 0.1
_STALL_S = 5.0  # without a sample for so long, the device is gone
_GAP_S = 0.1  # what the clock of the device jumps by when audio was lost; less is jitter
_ZEROS_S = 3.0


class Microphone:
    """Records from a device at the device's own rate, one channel, while entered.

    Attributes:
        name: The device's.
        sample_rate_hz: The device's.
    """

    def __init__(self, device: InputDevice) -> None:
        """Name the device; entering opens it."""
        self.name = device.name
        self.sample_rate_hz = device.sample_rate_hz
        self._index = device.index
        self._block_samples = round(_BLOCK_S * device.sample_rate_hz)
        self._queue: queue.Queue[Block] = queue.Queue(round(_QUEUED_S / _BLOCK_S))
        self._ended = threading.Event()
        self._opened = ExitStack()
        self._due_s: float | None = None  # when the next block should begin, by the device's clock
        self._lost_s: float | None = None  # what was lost since the last block in the queue
        self._losses, self._all_lost_s = 0, 0.0
        self._zeros, self._said_zeros = 0, False

    def __enter__(self) -> Microphone:
        """Start to record.

        Raises:
            AudioError: The device is busy or gone, or there is no PortAudio library.
        """
        library = sound_library()
        with ExitStack() as opened:
            opened.enter_context(quiet_libraries())
            try:
                stream = library.InputStream(
                    device=self._index,
                    channels=1,
                    samplerate=self.sample_rate_hz,
                    blocksize=self._block_samples,
                    dtype="float32",
                    callback=self._take,
                    finished_callback=self._ended.set,
                )
                opened.enter_context(stream)
            except library.PortAudioError as fault:
                raise AudioError(
                    f"microphone {self.name!r} cannot be opened ({reason(fault)}); end other "
                    "programs that record, or choose another of 'speechrnn devices'"
                ) from None
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop recording."""
        self._opened.close()

    def blocks(self) -> Iterator[Block]:
        """The audio as it comes; an empty block where none has come for a moment.

        Raises:
            AudioError: The device is gone.
        """
        idle_s = 0.0
        while True:
            try:
                block = self._queue.get(timeout=_WAIT_S)
            except queue.Empty:
                idle_s += _WAIT_S
                if self._ended.is_set() or idle_s > _STALL_S:
                    raise AudioError(
                        f"microphone {self.name!r} is gone: it was unplugged, or its sound server "
                        "ended; connect it and start again"
                    ) from None
                yield NOTHING
            else:
                idle_s = 0.0
                yield replace(block, notice=self._lost_notice(block) or self._zeros_notice(block))

    def _lost_notice(self, block: Block) -> str:
        """Says that audio is lost: the 1st, 2nd, 4th, 8th … time."""
        if block.lost_s is None:
            return ""
        self._losses += 1
        self._all_lost_s += block.lost_s
        if self._losses & (self._losses - 1):
            return ""
        return (
            f"audio was lost, {self._all_lost_s:.2f} s so far: the machine is too busy; "
            "end other programs"
        )

    def _zeros_notice(self, block: Block) -> str:
        """Says once that a microphone is dead."""
        self._zeros = 0 if block.samples.any() else self._zeros + len(block.samples)
        if self._said_zeros or self._zeros < _ZEROS_S * self.sample_rate_hz:
            return ""
        self._said_zeros = True
        return (
            f"microphone {self.name!r} delivers only zeros: unmute it, and allow terminals "
            "to use it in the system's privacy settings"
        )

    def _take(self, samples: np.ndarray, count: int, times: Any, status: Any) -> None:
        """Called by PortAudio, in a thread of its own, with each (count, 1) block."""
        begin_s = times.inputBufferAdcTime
        gap_s = 0.0 if self._due_s is None else begin_s - self._due_s
        self._due_s = begin_s + count / self.sample_rate_hz
        if gap_s > _GAP_S or status.input_overflow:
            self._lost_s = (self._lost_s or 0.0) + max(gap_s, 0.0)
        try:
            self._queue.put_nowait(Block(samples[:, 0].copy(), self._lost_s))
            self._lost_s = None
        except queue.Full:
            self._lost_s = (self._lost_s or 0.0) + count / self.sample_rate_hz
