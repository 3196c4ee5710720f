"""Programs that words start."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from speechrnn.errors import ConfigError
from speechrnn.live.block import Block
from speechrnn.runtime.event import Event

_GRACE_S = 1.0  # for programs that still run at the end, until they are left alone

Commands = dict[str, list[list[str]]]


def parse_commands(options: Sequence[str], words: Sequence[str]) -> Commands:
    """The argument lists for each word, from texts such as `yes='lamp --on'`.

    Raises:
        ConfigError: No such form, an unknown word, or no program.
    """
    commands: Commands = defaultdict(list)
    for option in options:
        word, equals, command = option.partition("=")
        word = " ".join(word.split())
        if not equals:
            raise ConfigError(f"--on {option!r}: expected WORD='program argument ...'")
        if word not in words:
            raise ConfigError(f"--on {option!r}: unknown word {word!r}; known: {', '.join(words)}")
        try:
            arguments = shlex.split(command)
        except ValueError as fault:
            raise ConfigError(f"--on {option!r}: {fault}; check its quotes") from None
        if not arguments:
            raise ConfigError(f"--on {option!r}: no program after '='")
        commands[word].append(arguments)
    return commands


class Actions:
    """Starts the programs of each word that is heard, and reports those that fail; a listener.

    They run beside the listening, get nothing on standard input, and are not touched by Ctrl-C.
    """

    def __init__(
        self, commands: Mapping[str, list[list[str]]], report: Callable[[str], None], *, shown: bool
    ) -> None:
        """Set up.

        Args:
            commands: Argument lists by word.
            report: Takes a line about a program that failed.
            shown: Whether what programs print goes to standard error; else nowhere.
        """
        self._commands = commands
        self._report = report
        self._shown = shown
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Actions:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait a moment for programs that still run."""
        deadline_s = time.monotonic() + _GRACE_S
        while self._running and time.monotonic() < deadline_s:
            time.sleep(0.01)
            self._reap()

    def heard(self, block: Block, events: list[Event]) -> None:
        """Start what the words ask for."""
        self._reap()
        for event in events:
            for arguments in self._commands.get(event.word, ()):
                self._start(event.word, arguments)

    def _start(self, word: str, arguments: list[str]) -> None:
        output = sys.stderr if self._shown else subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as fault:
            self._report(f"{word}: {arguments[0]!r} cannot be run ({fault.strerror})")
        else:
            self._running.append((f"{word}: {arguments[0]!r}", process))

    def _reap(self) -> None:
        running = []
        for name, process in self._running:
            code = process.poll()
            if code is None:
                running.append((name, process))
            elif code:
                how = f"exit code {code}" if code > 0 else f"signal {-code}"
                self._report(f"{name} failed with {how}")
        self._running = running
