from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from speechrnn import Stream
from speechrnn.live.block import NOTHING, Block
from speechrnn.live.session import listen


class Witness:
    """Writes down what it is told; stops after some blocks."""

    def __init__(self, stop: threading.Event | None = None, after: int = 0) -> None:
        self.blocks: list[Block] = []
        self.events: list = []
        self.stop, self.after = stop, after

    def heard(self, block: Block, events: list) -> None:
        self.blocks.append(block)
        self.events += events
        if self.stop and len(self.blocks) == self.after:
            self.stop.set()


@pytest.fixture
def words(tone, silence) -> np.ndarray:
    """high at 1.5 s, low at 3.5 s."""
    gap = silence(1.5)
    return np.concatenate([gap, tone(3000, 0.5), gap, tone(300, 0.5), gap])


def test_listeners_are_told_of_every_block_and_word(arrays, words, tone_model: Path) -> None:
    one, other = Witness(), Witness()
    counts = listen(arrays(words), Stream(tone_model), [one, other], threading.Event())
    assert counts == {"high": 1, "low": 1}
    assert [event.word for event in one.events] == ["high", "low"]
    assert other.events == one.events
    np.testing.assert_array_equal(np.concatenate([b.samples for b in one.blocks]), words)


def test_a_word_at_the_very_end_is_told(arrays, tone, silence, tone_model: Path) -> None:
    wave = np.concatenate([silence(1.5), tone(3000, 0.2)])
    witness = Witness()
    assert listen(arrays(wave), Stream(tone_model), [witness], threading.Event()) == {"high": 1}
    assert witness.blocks[-1] is NOTHING


def test_stopping_ends_with_what_was_heard(arrays, words, tone_model: Path) -> None:
    stop = threading.Event()
    witness = Witness(stop, after=125)  # 2.5 s
    stream = Stream(tone_model)
    assert listen(arrays(words), stream, [witness], stop) == {"high": 1}
    assert len(witness.blocks) == 126
    assert stream.time_s == pytest.approx(2.5)


def test_lost_audio_moves_the_clock(arrays, words, silence, tone_model: Path) -> None:
    gap = Block(silence(0.02), lost_s=10.0)
    witness = Witness()
    listen(arrays(words, gap, words), Stream(tone_model), [witness], threading.Event())
    starts = [event.start_s for event in witness.events]
    later = len(words) / 16000 + 10.02
    np.testing.assert_allclose(starts, [1.5, 3.5, 1.5 + later, 3.5 + later], atol=0.3)


def test_words_cut_by_lost_audio_are_still_told(arrays, tone, silence, tone_model: Path) -> None:
    wave = np.concatenate([silence(1.5), tone(3000, 0.2)])
    source = arrays(wave, Block(silence(0.02), lost_s=0.0), silence(1.0))
    assert listen(source, Stream(tone_model), [], threading.Event()) == {"high": 1}
