from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speechrnn import Event
from speechrnn.errors import ConfigError
from speechrnn.live.actions import Actions, parse_commands
from speechrnn.live.block import NOTHING

WORDS = ("lights on", "off")


def event(word: str) -> Event:
    return Event(word, 0.9, 1.0, 1.5, 0.2)


@pytest.fixture
def run(monkeypatch) -> Callable[..., list[str]]:
    """Have words heard with some --on options; gives what was reported until all programs ended."""
    monkeypatch.setattr("speechrnn.live.actions._GRACE_S", 60.0)

    def hear(options: list[str], *words: str) -> list[str]:
        reports: list[str] = []
        with Actions(
            parse_commands(options, WORDS, "word"), reports.append, shown=False
        ) as actions:
            for word in words:
                actions.heard(NOTHING, [event(word)])
        return reports

    return hear


def test_options_become_argument_lists() -> None:
    options = ["lights on=lamp --room 'living room'", "off=lamp --off", " off = beep a=b"]
    assert parse_commands(options, WORDS, "word") == {
        "lights on": [["lamp", "--room", "living room"]],
        "off": [["lamp", "--off"], ["beep", "a=b"]],
    }


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("of=lamp", "unknown word 'of'; known: lights on, off"),
        ("off", "expected WORD='program argument ...'"),
        ("off=", "no program after '='"),
        ("off='lamp", "No closing quotation; check its quotes"),
    ],
)
def test_what_is_no_command_is_refused(option: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_commands([option], WORDS, "word")


def test_each_word_runs_its_programs_without_a_shell(run, tmp_path: Path) -> None:
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    python = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}"
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    options = [f"off={python} {one} '$HOME; echo *'", f"off={python} {two} 2"]
    assert run([*options, f"lights on={python} {other} 3"], "off") == []
    assert (one.read_text(), two.read_text()) == ("$HOME; echo *", "2")
    assert not other.exists()


def test_a_sentence_runs_the_programs_of_its_intent_with_its_slots(tmp_path: Path) -> None:
    """What fills a slot never becomes an argument of its own; other braces stay as they are."""
    out = tmp_path / "out"
    script = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    python = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}"
    intents = {"light": {"room", "state", "level"}}
    option = f"light={python} {out} {{room}} --to={{state}} '{{level}}' {{print}}"
    with pytest.raises(ConfigError, match="unknown intent 'lights'; known: light"):
        parse_commands([f"lights={python}"], intents, "intent")
    commands = parse_commands([option], intents, "intent")
    slots: dict[str, str | list[str]] = {"room": "living room", "state": ["on", "{room}"]}
    said = Event("living room on", 0.9, 1.0, 1.5, 0.2, "light", slots)
    with Actions(commands, print, shown=False, intents=intents) as actions:
        actions.heard(NOTHING, [said])
        [(_, process)] = actions._running
        process.wait()
    assert json.loads(out.read_text()) == ["living room", "--to=on {room}", "", "{print}"]


def test_programs_that_fail_are_reported(run) -> None:
    python = shlex.quote(sys.executable)
    assert (
        run([f"off={python} -c 'raise SystemExit(3)'"], "off", "off")
        == [f"off: {sys.executable!r} failed with exit code 3"] * 2
    )
    assert run([f"off={python} -c 'import os; os.abort()'"], "off") == [
        f"off: {sys.executable!r} failed with signal 6"
    ]
    assert run(["off=/no/such/program x"], "off") == [
        "off: '/no/such/program' cannot be run (No such file or directory)"
    ]


def test_nobody_waits_for_a_program_and_none_is_left_a_zombie(tmp_path: Path) -> None:
    """The program here ends only once the listening has gone on."""
    go, done = tmp_path / "go", tmp_path / "done"
    script = f"while [ ! -e {go} ]; do sleep 0.01; done; touch {done}; exit 1"
    commands = parse_commands([f"off=sh -c '{script}'"], WORDS, "word")
    reports: list[str] = []
    with Actions(commands, reports.append, shown=False) as actions:
        actions.heard(NOTHING, [event("off")])
        [(_, process)] = actions._running
        assert not done.exists()
        go.touch()
        while not reports:
            actions.heard(NOTHING, [])
    assert done.exists()
    assert process.returncode == 1
