from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from speechrnn.datadir import read_datadir
from speechrnn.errors import AudioError, ConfigError
from speechrnn.live.block import Block
from speechrnn.live.prompts import checked_words, shuffled
from speechrnn.live.recording import Prompt, record
from speechrnn.live.take_folder import TakeFolder


class Person:
    """Source, keyboard and eyes in one: answers each prompt with the next thing of a list.

    An answer is a wave to say, or a key to press.
    """

    def __init__(self, *answers: np.ndarray | str, is_interactive: bool = False) -> None:
        self.name = "person"
        self.sample_rate_hz = 16000
        self.is_interactive = is_interactive
        self.lines: list[str] = []
        self.asked: list[str] = []
        self.states: list[str] = []
        self.key: str | None = None
        self._answers = list(answers)

    def blocks(self) -> Iterator[Block]:
        room = (0.0005 * np.random.default_rng(0).standard_normal(16000)).astype(np.float32)
        yield from map(Block, room.reshape(-1, 320))
        for answer in self._answers:
            if isinstance(answer, str):
                self.key = answer
                yield Block(room[:320])
            else:
                whole = np.concatenate([room, answer, room])
                for begin in range(0, len(whole), 320):
                    yield Block(whole[begin : begin + 320].astype(np.float32))

    def pressed(self) -> str | None:
        key, self.key = self.key, None
        return key

    def show(self, block: Block, prompt: Prompt, state: str) -> None:
        if not self.asked or self.asked[-1] != prompt.id:
            self.asked.append(prompt.id)
        if not self.states or self.states[-1] != state:
            self.states.append(state)

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def session(tmp_path: Path):
    """Record "a", "b" and "c" from a person; gives the ids kept."""

    def run(person: Person) -> set[str]:
        folder = TakeFolder(tmp_path / "mine", "ann")
        prompts = [Prompt(w, folder.new_id(w), i, 3) for i, w in enumerate("abc", 1)]
        return record(person, prompts, folder, person, person, threading.Event())

    return run


def kept_s(tmp_path: Path) -> dict[str, float]:
    rows = (tmp_path / "mine" / "utt2dur").read_text().splitlines()
    return {row.split()[0]: float(row.split()[1]) for row in rows}


def test_each_prompt_gets_its_take(session, tone, tmp_path: Path) -> None:
    person = Person(*(tone(440, seconds) for seconds in (0.3, 0.5, 0.7)))
    assert session(person) == {"ann-a-001", "ann-b-001", "ann-c-001"}
    assert kept_s(tmp_path) == {
        "ann-a-001": pytest.approx(0.6, abs=0.03),
        "ann-b-001": pytest.approx(0.8, abs=0.03),
        "ann-c-001": pytest.approx(1.0, abs=0.03),
    }
    assert person.asked == ["ann-a-001", "ann-b-001", "ann-c-001"]
    assert [u.text for u in read_datadir(tmp_path / "mine")] == ["a", "b", "c"]


def test_a_bad_take_is_asked_for_again(session, tone, tmp_path: Path) -> None:
    loud = tone(440, 0.4, 3.0).clip(-1, 1)
    person = Person(loud, tone(440, 0.07), *[tone(440, 0.4)] * 3)
    assert len(session(person)) == 3
    assert person.lines[0].startswith("a: not kept: clipped")
    assert person.lines[1].startswith("a: not kept: too short")
    assert person.lines[2].startswith("a: kept as ann-a-001.wav, 0.7")
    assert len(read_datadir(tmp_path / "mine")) == 3


def test_keys_skip_repeat_and_finish(session, tone, tmp_path: Path) -> None:
    person = Person("s", tone(440, 0.3), "r", tone(440, 0.6), "q", tone(440, 0.3))
    assert session(person) == {"ann-b-001"}
    assert person.asked == ["ann-a-001", "ann-b-001", "ann-c-001", "ann-b-001", "ann-c-001"]
    assert kept_s(tmp_path) == {"ann-b-001": pytest.approx(0.9, abs=0.03)}


def test_the_last_take_stays_until_there_is_a_better_one(session, tone, tmp_path: Path) -> None:
    session(Person(tone(440, 0.3), "r", tone(440, 0.07), "q"))
    assert kept_s(tmp_path) == {"ann-a-001": pytest.approx(0.6, abs=0.03)}


def test_there_is_nothing_before_the_first(session, tone) -> None:
    person = Person("r", "x", tone(440, 0.3), "q")
    assert session(person) == {"ann-a-001"}


def test_a_person_at_a_terminal_begins_and_pauses(session, tone) -> None:
    word = tone(440, 0.4)
    person = Person(word, "", word, "", word, "", "q", is_interactive=True)
    assert session(person) == {"ann-a-001"}
    assert person.states[:4] == ["paused", "listening", "recording", "listening"]
    assert person.states.count("paused") == 2


def test_lost_audio_spoils_a_take(session, tone, tmp_path: Path) -> None:
    class Interrupted(Person):
        def blocks(self) -> Iterator[Block]:
            for number, block in enumerate(super().blocks()):
                yield Block(block.samples, lost_s=0.1 if number == 105 else None)

    assert session(Interrupted(tone(440, 0.3), "q")) == set()


def test_an_ended_session_keeps_what_was_recorded(tone, tmp_path: Path) -> None:
    stop = threading.Event()

    class Tired(Person):
        def say(self, line: str) -> None:
            stop.set()

    folder = TakeFolder(tmp_path / "mine", "ann")
    prompts = [Prompt("a", folder.new_id("a"), i, 2) for i in (1, 2)]
    person = Tired(tone(440, 0.3), tone(440, 0.3))
    assert record(person, prompts, folder, person, person, stop) == {"ann-a-001"}
    assert len(read_datadir(tmp_path / "mine")) == 1


def test_a_dead_microphone_is_not_waited_for_for_ever(session) -> None:
    person = Person(*[np.zeros(160000, np.float32)] * 6)
    with pytest.raises(AudioError, match="'person': nothing was heard, 5 times running; choose"):
        session(person)
    assert len(person.lines) == 4


@given(
    words=st.lists(st.text(st.characters(categories=["L"]), min_size=1), min_size=1, unique=True),
    takes=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_words_are_mixed_and_equally_often_asked_for(words, takes: int, seed: int) -> None:
    prompts = shuffled(words, takes, random.Random(seed))
    assert all(prompts.count(word) == takes for word in words)
    if len(words) > 1:
        assert all(one != other for one, other in pairwise(prompts))
    for turn in range(takes):  # never a block of one word
        assert set(prompts[turn * len(words) : (turn + 1) * len(words)]) == set(words)


def test_sessions_differ_in_order() -> None:
    words = [str(number) for number in range(10)]
    orders = {tuple(shuffled(words, 1, random.Random(seed))) for seed in range(5)}
    assert len(orders) == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["yes", "  "], "is empty; quote phrases"),
        (["lights on", "lights  on "], "'lights on' is named twice"),
        (["_silence_"], "'_silence_' is no word to say"),
    ],
)
def test_what_nobody_can_say_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked_words(words)
    assert checked_words([" lights   on "]) == ["lights on"]
