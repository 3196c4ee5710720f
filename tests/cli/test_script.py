"""How scripts of recipes end."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from speechrnn.cli.script import run_script
from speechrnn.errors import DataError


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (DataError("a.json: gone; run stage 3"), 2, "card.py: a.json: gone; run stage 3\n"),
        (KeyboardInterrupt(), 130, "card.py: interrupted\n"),
    ],
)
def test_a_fault_is_a_line(
    fault: BaseException, code: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def main() -> NoReturn:
        raise fault

    monkeypatch.setattr("sys.argv", [str(Path("recipes/fsdd/local/card.py"))])
    with pytest.raises(SystemExit) as stopped:
        run_script(main)
    assert stopped.value.code == code
    assert capsys.readouterr().err == line
