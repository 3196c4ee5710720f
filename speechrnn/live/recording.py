"""Recording words from a person: prompts, takes, and what is done again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from speechrnn.errors import AudioError
from speechrnn.live.block import Block, Source
from speechrnn.live.keys import ENTER, Keys
from speechrnn.live.take import NOTHING_HEARD, TakeRecorder
from speechrnn.live.take_folder import TakeFolder

_MOST_UNHEARD = 5
_STEPS = {"s": 1, "r": -1}


@dataclass(frozen=True)
class Prompt:
    """What to say.

    Attributes:
        word: Word or phrase.
        id: Of the utterance it becomes.
        number: Its place among all prompts, from 1 on.
        total: How many there are.
    """

    word: str
    id: str
    number: int
    total: int


class Prompter(Protocol):
    """Shows a person what to say and how that went."""

    def show(self, block: Block, prompt: Prompt, state: str) -> None:
        """What is wanted now, after a block; `state` is "listening", "recording" or "paused"."""
        ...

    def say(self, line: str) -> None:
        """What happened."""
        ...


def record(
    source: Source,
    prompts: Sequence[Prompt],
    folder: TakeFolder,
    prompter: Prompter,
    keys: Keys,
    stop: threading.Event,
) -> set[str]:
    """Record takes until all prompts are done, `q` is pressed or `stop` is set.

    A take that is no good is asked for again. `r` goes back to the last prompt, whose take stays
    until there is a better one; `s` leaves a prompt out; Enter pauses and goes on.

    Returns:
        Ids of the takes that were kept.

    Raises:
        AudioError: The source broke down, or nothing was heard several times running.
        DataError: A take cannot be saved.
    """
    recorder = TakeRecorder(source.sample_rate_hz)
    kept: set[str] = set()
    place = unheard = 0
    paused = keys.is_interactive  # until the person is ready
    for block in source.blocks():
        key = keys.pressed()
        if stop.is_set() or key == "q":
            break
        if key is not None or block.lost_s is not None:
            recorder.begin()
        if key == ENTER:
            paused = not paused
        place = max(place + _STEPS.get(key or "", 0), 0)
        if place >= len(prompts):
            break
        prompt = prompts[place]
        state = "paused" if paused else "recording" if recorder.is_speech else "listening"
        prompter.show(block, prompt, state)
        take = None if paused else recorder.accept(block.samples)
        if take is None:
            continue
        unheard = unheard + 1 if take.fault.startswith(NOTHING_HEARD) else 0
        if unheard == _MOST_UNHEARD:
            raise AudioError(
                f"microphone {source.name!r}: {NOTHING_HEARD}, {unheard} times running; "
                "choose another of 'speechrnn devices'"
            )
        if take.fault:
            prompter.say(f"{prompt.word}: not kept: {take.fault}")
            continue
        path = folder.keep(prompt.id, prompt.word, take.wave, source.sample_rate_hz)
        kept.add(prompt.id)
        seconds = len(take.wave) / source.sample_rate_hz
        facts = f"{seconds:.2f} s, {take.level_db:.0f} dB"
        prompter.say(f"{prompt.word}: kept as {path.name}, {facts}")
        place += 1
        if place == len(prompts):
            break
    return kept
