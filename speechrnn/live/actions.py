"""Programs that words and sentences start."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from speechrnn.errors import ConfigError
from speechrnn.live.block import Block
from speechrnn.runtime.event import Event

_GRACE_S = 1.0  # for programs that still run at the end, until they are left alone

Commands = dict[str, list[list[str]]]


def parse_commands(options: Sequence[str], names: Collection[str], kind: str) -> Commands:
    """The argument lists for each name, from texts such as `yes='lamp --on'`.

    Args:
        options: The texts.
        names: What can be heard.
        kind: What the names are: word or intent.

    Raises:
        ConfigError: No such form, an unknown name, or no program.
    """
    commands: Commands = defaultdict(list)
    for option in options:
        name, equals, command = option.partition("=")
        name = " ".join(name.split())
        if not equals:
            raise ConfigError(f"--on {option!r}: expected {kind.upper()}='program argument ...'")
        if name not in names:
            known = ", ".join(names)
            raise ConfigError(f"--on {option!r}: unknown {kind} {name!r}; known: {known}")
        try:
            arguments = shlex.split(command)
        except ValueError as fault:
            raise ConfigError(f"--on {option!r}: {fault}; check its quotes") from None
        if not arguments:
            raise ConfigError(f"--on {option!r}: no program after '='")
        commands[name].append(arguments)
    return commands


class Actions:
    """Starts the programs of each word or intent that is heard, and reports those that fail.

    `{slot}` in an argument stands for what fills that slot of the sentence, for nothing where it is
    not filled, and always for a part of this one argument.
    They run beside the listening, get nothing on standard input, and are not touched by Ctrl-C.
    """

    def __init__(
        self,
        commands: Mapping[str, list[list[str]]],
        report: Callable[[str], None],
        *,
        shown: bool,
        intents: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Set up.

        Args:
            commands: Argument lists by word or intent.
            report: Takes a line about a program that failed.
            shown: Whether what programs print goes to standard error; else nowhere.
            intents: The slots of each intent; none without a grammar.
        """
        self._commands = commands
        self._intents = intents or {}
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
        """Start what the words and sentences ask for."""
        self._reap()
        for event in events:
            name = event.intent or event.word
            for arguments in self._commands.get(name, ()):
                self._start(name, [self._filled(argument, event) for argument in arguments])

    def _filled(self, argument: str, event: Event) -> str:
        slots = {slot: "" for slot in self._intents.get(event.intent or "", ())}
        for slot, value in (event.slots or {}).items():
            slots[slot] = value if isinstance(value, str) else " ".join(value)
        return re.sub(r"\{([^{}]*)\}", lambda found: slots.get(found[1], found[0]), argument)

    def _start(self, name: str, arguments: list[str]) -> None:
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
            self._report(f"{name}: {arguments[0]!r} cannot be run ({fault.strerror})")
        else:
            self._running.append((f"{name}: {arguments[0]!r}", process))

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
