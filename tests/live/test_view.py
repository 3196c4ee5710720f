from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from speechrnn import Event, Stream
from speechrnn.decoding.ctc.hypothesis import Hypothesis, Word
from speechrnn.live.block import Block
from speechrnn.live.view import View
from speechrnn.live.word_bars import WordBars


class Heard:
    """A view, and the stream it looks at."""

    def __init__(self, model: Path, source, **settings: Any) -> None:
        self.stream = Stream(model, **settings)
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


def test_what_may_still_change_has_a_row_of_its_own(
    arrays, tone, silence, tone_reader: Path
) -> None:
    heard = Heard(tone_reader, arrays(silence(1.0))).hear()
    assert hearing(heard, 80) == ""
    heard.source.parts = [tone(3000, 0.6)]
    heard.hear()
    for width in (40, 80, 200):
        assert hearing(heard, width) == "high…"
    heard.source.parts = [silence(0.6)]
    heard.hear()
    assert hearing(heard, 80) == ""
    assert any(line.endswith("%  high") for line in heard.page(80, 24))


def hearing(heard: Heard, width: int) -> str:
    """What may still change, in the row before the blank one and the status."""
    row = heard.page(width, 24)[-3]
    assert row.startswith(" hearing  ")
    return row.removeprefix(" hearing  ").strip()


def test_of_a_long_uncertain_text_the_end_is_shown(arrays, silence, tone_reader: Path) -> None:
    decoder = Undecided()
    heard = Heard(tone_reader, arrays(silence(1.0)), decoder=decoder).hear()
    assert hearing(heard, 200) == "turn the kitchen light on and then the one in the hall…"
    assert hearing(heard, 40) == "…and then the one in the hall…"
    decoder.text = "turn"
    heard.hear()
    assert hearing(heard, 80) == "turn… (changed)"


class Undecided:
    """A decoder that never is certain."""

    def __init__(self) -> None:
        self.committed: list[Word] = []
        self.text = "turn the kitchen light on and then the one in the hall"

    def accept(self, log_probs: np.ndarray) -> None:
        pass

    def best(self) -> Hypothesis:
        return Hypothesis((Word(self.text, 0, 1, 0.5),), 0.0)

    def finish(self) -> list[Hypothesis]:
        return [Hypothesis((), 0.0)]


def test_sentences_are_shown_whole_with_what_they_mean(arrays, silence, tone_reader: Path) -> None:
    heard = Heard(tone_reader, arrays(silence(3.0))).hear()
    slots = {"room": "kitchen", "state": "on"}
    text = "turn the kitchen light on"
    event = Event(text, 0.9, 1.0, 2.0, 0.2, intent="lights", slots=slots)
    heard.view.heard(Block(silence(0.02)), [event])
    page = heard.page(80, 24)
    [first] = [i for i, line in enumerate(page) if "90%" in line]
    assert [line[40:].strip() for line in page[first : first + 4]] == [
        "0:00:01.00   90%  turn the kitchen light",
        "on",
        "lights: room kitchen,",
        "state on",
    ]
    [whole] = [line for line in heard.page(200, 50) if "90%" in line]
    assert whole.endswith("90%  turn the kitchen light on")


def test_a_model_of_letters_has_no_bars(arrays, tone, silence, tone_reader: Path, tmp_path) -> None:
    proto = onnx.load(tone_reader)
    [entry] = proto.metadata_props
    facts = {**json.loads(entry.value), "config": {"model": {"units": "characters"}}}
    entry.value = json.dumps({**facts, "symbols": ["<blk>", " ", "o"]})
    path = tmp_path / "letters.onnx"
    path.write_bytes(proto.SerializeToString())
    heard = Heard(path, arrays(silence(1.0), tone(300, 0.5))).hear()
    assert heard.stream.words == () and hearing(heard, 80) == "o…"
    assert any("Nothing heard yet." in line for line in heard.page(80, 24))


def test_words_that_follow_fast_do_not_cover_each_other(hear, silence) -> None:
    heard = hear(silence(3.0))
    for start_s in (1.0, 1.1, 1.2):
        heard.view.heard(Block(silence(0.02)), [Event("high", 0.9, start_s, start_s + 0.1, 0.2)])
    [marks] = [line for line in heard.page(80, 24) if "╰" in line]
    assert marks.split() == ["╰high"] * 3
