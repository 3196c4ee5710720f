"""Keys that are pressed while something else goes on."""

from __future__ import annotations

import os
import queue
import sys
import threading
from contextlib import ExitStack, suppress

ENTER = ""


class Keys:
    """Reads standard input while entered: single keys of a terminal, else the lines of a pipe.

    Attributes:
        is_interactive: Whether somebody sits at a terminal.
    """

    def __init__(self) -> None:
        """Look at standard input."""
        self.is_interactive = sys.stdin is not None and sys.stdin.isatty()
        self._pressed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._changed = ExitStack()

    def __enter__(self) -> Keys:
        if sys.stdin is None:
            return self
        descriptor = sys.stdin.fileno()
        if self.is_interactive:
            with suppress(ImportError):  # on Windows a key is to be followed by Enter
                import termios
                import tty

                before = termios.tcgetattr(descriptor)
                self._changed.callback(termios.tcsetattr, descriptor, termios.TCSADRAIN, before)
                tty.setcbreak(descriptor)
        threading.Thread(target=self._read, args=[descriptor], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._changed.close()

    def pressed(self) -> str | None:
        """The next key, or first letter of a line, `ENTER` for an empty one; none: no key."""
        try:
            return self._pressed.get_nowait()
        except queue.Empty:
            return None

    def _read(self, descriptor: int) -> None:
        # Without Python's buffer, whose lock a thread that waits would hold at the exit.
        with suppress(OSError):
            while data := os.read(descriptor, 1 << 10):
                for line in data.decode(errors="replace").splitlines():
                    self._pressed.put(line.strip()[:1].lower())
