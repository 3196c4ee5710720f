from __future__ import annotations

import os
import pty
import sys
import termios
import time

import pytest

from speechrnn.live.keys import ENTER, Keys


def wait_for(keys: Keys, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        key = keys.pressed()
        if key is None:
            time.sleep(0.01)
        else:
            found.append(key)
    return found


def test_a_terminal_gives_single_keys_unseen_and_is_as_before_afterwards(monkeypatch) -> None:
    person, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    with open(terminal, closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys() as keys:
            assert keys.is_interactive and keys.pressed() is None
            lines_and_echo = termios.ICANON | termios.ECHO
            assert not termios.tcgetattr(terminal)[3] & lines_and_echo
            assert termios.tcgetattr(terminal)[3] & termios.ISIG  # Ctrl-C still interrupts
            for key in (b"r", b"\n", b"S"):
                os.write(person, key)
                assert wait_for(keys, 1) == [key.decode().strip().lower() or ENTER]
        assert termios.tcgetattr(terminal) == before
        os.write(person, b"\n")  # lets the thread end
    os.close(person)


def test_a_pipe_gives_the_first_letters_of_its_lines(monkeypatch) -> None:
    read, write = os.pipe()
    with open(read) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys() as keys:
            assert not keys.is_interactive
            os.write(write, b"skip\n\nquit\n")
            assert wait_for(keys, 3) == ["s", ENTER, "q"]
            os.close(write)


@pytest.mark.parametrize("stdin", [None])
def test_without_standard_input_no_key_is_pressed(monkeypatch, stdin) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with Keys() as keys:
        assert not keys.is_interactive and keys.pressed() is None
