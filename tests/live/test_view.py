from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from speechrnn import Event, Stream
from speechrnn.live.block import Block
from speechrnn.live.view import View
from speechrnn.live.word_bars import WordBars


class Heard:
    """A view, and the stream it looks at."""

    def __init__(self, model: Path, source) -> None:
        self.stream = Stream(model)
        self.source = source
        console = Console(file=io.StringIO(), force_terminal=True, color_system="256")
        self.view = View("tones.onnx", source, self.stream, console)

    def hear(self) -> Heard:
        for block in self.source.blocks():
            events = [] if block.lost_s is None else self.stream.skip(block.lost_s)
            self.view.heard(block, events + self.stream.accept(block.samples))
        return self

    def page(self, width: int, height: int) -> list[str]:
        rows = self.view.rows(width, height)
        return ["".join(segment.text for segment in row) for row in rows]


@pytest.fixture
def hear(arrays, tone_model: Path):
    return lambda *parts: Heard(tone_model, arrays(*parts)).hear()


@pytest.fixture
def words(tone, silence) -> np.ndarray:
    return np.concatenate([silence(1.5), tone(3000, 0.5), silence(1.0)])


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (120, 30), (64, 20)])
def test_everything_has_its_place(hear, words, width: int, height: int) -> None:
    page = hear(words).page(width, height)
    assert len(page) == height
    assert page[0].startswith(" speechrnn  tones.onnx") and "0:00:03" in page[0]
    assert page[1].startswith(" level ")
    assert sum("▀" * 30 in line for line in page) >= 3
    [mark] = [line for line in page if "╰high" in line]
    picture_width = width if width < 120 else width - 33
    assert mark.index("╰") == pytest.approx(picture_width - 1.5 / 0.04, abs=4)
    [bar] = [line for line in page if line.startswith(" high ")]
    assert "│" in bar  # its threshold
    assert sum(bool(re.search(r"\d+%  high", line)) for line in page) == 1
    status = r" arrays · 16 kHz · latency 0\.\d\d s · 0 overflows · not calibrated *"
    assert re.fullmatch(status, page[-1])


def test_a_narrow_terminal_keeps_level_bars_words_and_status(hear, words) -> None:
    page = hear(words).page(40, 14)
    assert page[1].startswith(" level ")
    assert any(line.startswith(" high ") for line in page)
    assert any(line.endswith("%  high") for line in page)
    assert page[-1].startswith(" arrays · 16 kHz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(width=st.integers(1, 300), height=st.integers(1, 80), notice=st.text(max_size=200))
def test_it_fits_every_terminal(heard_once, width: int, height: int, notice: str) -> None:
    heard_once.view.notice(notice)
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system="256", width=width, height=height
    )
    options = console.options.update(width=width, height=height)
    lines = console.render_lines(heard_once.view._screen, options, pad=False)
    assert len(lines) <= height
    assert all(sum(segment.cell_length for segment in line) <= width for line in lines)


@pytest.fixture(scope="module")
def heard_once(tone_model: Path):
    time_s = np.arange(48000) / 16000
    wave = (0.3 * np.sin(2 * np.pi * 3000 * time_s)).astype(np.float32)
    source = SimpleNamespace(
        name="a microphone with a long name", sample_rate_hz=16000, blocks=lambda: [Block(wave)]
    )
    return Heard(tone_model, source).hear()


def test_many_words_stand_in_columns_and_the_likeliest_always_show() -> None:
    words = [f"word{index}" for index in range(35)]
    bars = WordBars(words, dict.fromkeys(words, 0.5))
    posteriors = np.zeros(35, np.float32)
    posteriors[[20, 34]] = 0.7, 0.9
    bars.accept(posteriors, 0.02)
    rows = ["".join(s.text for s in row) for row in bars.rows(90, 12)]
    assert len(rows) == 12 and sum(row.count("word") for row in rows) == 35
    few = ["".join(s.text for s in row) for row in bars.rows(30, 3)]
    assert len(few) == 3
    assert [row.split()[0] for row in few] == ["word0", "word20", "word34"]
    assert few[1].split()[-1] == "0.70"


def test_bars_fall_slowly_on_the_clock_of_the_audio() -> None:
    bars = WordBars(["yes"], {"yes": 0.5})
    shown = []
    for posterior in (0.9, 0.0, 0.0):
        bars.accept(np.array([posterior], np.float32), 0.1)
        [row] = bars.rows(40, 1)
        shown.append(float("".join(s.text for s in row).split()[-1]))
    assert shown == [0.9, 0.5, 0.1]


def test_overflows_and_notices_are_shown(hear, silence) -> None:
    heard = hear(silence(1.0), Block(silence(0.02), lost_s=0.5), silence(1.0))
    assert "1 overflow ·" in heard.page(80, 24)[-1]
    heard.view.notice("the microphone delivers only zeros: unmute it " * 3)
    page = heard.page(80, 24)
    shown = " ".join(page[-4:-1])
    assert shown.count("unmute it") == 3
    heard.source.parts = [silence(25.0)]
    heard.hear()
    assert not any("unmute" in line for line in heard.page(80, 24))


def test_before_the_first_word_it_says_what_can_be_said(hear, silence) -> None:
    page = hear(silence(1.0)).page(80, 24)
    assert any("Say high, low." in line for line in page)


def test_words_that_follow_fast_do_not_cover_each_other(hear, silence) -> None:
    heard = hear(silence(3.0))
    for start_s in (1.0, 1.1, 1.2):
        heard.view.heard(Block(silence(0.02)), [Event("high", 0.9, start_s, start_s + 0.1, 0.2)])
    [marks] = [line for line in heard.page(80, 24) if "╰" in line]
    assert marks.split() == ["╰high"] * 3
