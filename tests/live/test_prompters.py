from __future__ import annotations

import io

import pytest
from rich.console import Console

from speechrnn.live.block import Block
from speechrnn.live.prompters import LinePrompter, ScreenPrompter
from speechrnn.live.recording import Prompt

FIRST, SECOND = Prompt("lights on", "ann-lights_on-001", 1, 2), Prompt("off", "ann-off-001", 2, 2)


def test_lines_ask_once_and_again_after_a_bad_take(silence, capsys) -> None:
    prompter = LinePrompter()
    block = Block(silence(0.02))
    for _ in range(3):
        prompter.show(block, FIRST, "listening")
    prompter.say("lights on: not kept: too quiet")
    prompter.show(block, FIRST, "listening")
    prompter.show(Block(silence(0.02), notice="only zeros"), SECOND, "listening")
    assert capsys.readouterr().out.splitlines() == [
        "1/2 say: lights on",
        "lights on: not kept: too quiet",
        "1/2 say: lights on",
        "only zeros",
        "2/2 say: off",
    ]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 8)])
def test_the_screen_shows_level_word_state_and_keys(silence, width: int, height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    prompter = ScreenPrompter("ann into mine", 16000, console)
    prompter.show(Block(silence(1.0)), FIRST, "recording")
    prompter.say("off: kept as ann-off-001.wav")
    page = ["".join(s.text for s in row) for row in prompter.rows(width, height)]
    assert len(page) == height
    assert page[0].startswith(" ann into mine ") and page[0].rstrip().endswith("1/2")
    assert page[1].startswith(" level ")
    [word] = [line for line in page if "lights on" in line]
    assert word.index("lights on") == pytest.approx((width - 9) / 2, abs=1)
    assert any("● recording" in line for line in page)
    assert any("ann-off-001.wav" in line for line in page)
    assert page[-1].startswith(" Enter pauses · r ")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 2), (9, 3)])
def test_a_tiny_screen_shows_what_it_can(silence, width: int, height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    prompter = ScreenPrompter("ann into mine", 16000, console)
    prompter.show(Block(silence(1.0), notice="only zeros " * 9), FIRST, "paused")
    assert len(prompter.rows(width, height)) == height
