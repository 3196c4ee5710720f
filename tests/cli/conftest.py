"""Running the program in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn.cli import main


@pytest.fixture
def speechrnn(monkeypatch, capsys) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Run the program; gives exit code, lines of output, lines of errors."""

    def run(*arguments: str | Path) -> tuple[int, list[str], list[str]]:
        monkeypatch.setattr(sys, "argv", ["speechrnn", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main.run()
        printed = capsys.readouterr()
        return stop.value.code, printed.out.splitlines(), printed.err.splitlines()

    return run
