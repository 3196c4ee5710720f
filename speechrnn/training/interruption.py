"""Being asked to stop, heard between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from speechrnn.errors import RunError


class Interruption:
    """While it is entered, Ctrl-C and SIGTERM wait for the step under way; a second one does not.

    Attributes:
        signal: The signal that came, 0 for none.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # others may set no handler
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stop(self, out: Path) -> NoReturn:
        """End the run in `out`, as it was asked.

        Raises:
            KeyboardInterrupt: After Ctrl-C.
            RunError: After SIGTERM.
        """
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        raise RunError(f"{out}: was told to end (SIGTERM); --resume goes on where it stands")

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
