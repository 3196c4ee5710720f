"""`speechrnn record`: a person's words into a data directory."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from speechrnn.live.prompters import LinePrompter, ScreenPrompter

_INTERRUPTED = 130


def record(
    words: Annotated[list[str], typer.Argument(help="Words to say; phrases quoted: 'lights on'.")],
    out: Annotated[Path, typer.Option(help="Kaldi data directory to make or to add to.")],
    speaker: Annotated[str, typer.Option(help="Who speaks.")],
    takes: Annotated[int, typer.Option(min=1, help="Takes of each word.")] = 5,
    device: Annotated[
        str | None, typer.Option(help="Microphone: index or name; see 'speechrnn devices'.")
    ] = None,
) -> None:
    """Record words from a person, who is asked for one after the other.

    A take ends with the silence after it; bad ones are asked for again. Keys: Enter begins and
    pauses, r does the last take again, s skips, q finishes. Where standard input is no terminal,
    it begins at once, and lines stand for the keys.
    """
    from speechrnn.live.devices import find_device
    from speechrnn.live.keys import Keys
    from speechrnn.live.microphone import Microphone
    from speechrnn.live.prompts import checked_words, shuffled
    from speechrnn.live.recording import Prompt
    from speechrnn.live.recording import record as record_prompts
    from speechrnn.live.stopping import stop_signals
    from speechrnn.live.take_folder import TakeFolder

    wanted = shuffled(checked_words(words), takes, random.Random())
    folder = TakeFolder(out, speaker)
    prompts = [
        Prompt(word, folder.new_id(word), number, len(wanted))
        for number, word in enumerate(wanted, 1)
    ]
    with stop_signals() as stop, Microphone(find_device(device)) as source:
        prompter = _prompter(f"{speaker} into {out}", source.sample_rate_hz)
        with Keys() as keys, prompter:
            kept = record_prompts(source, prompts, folder, prompter, keys, stop)
    speakers = len({utterance.speaker for utterance in folder.utterances.values()})
    print(
        f"{out}: {len(kept)} take{'s' * (len(kept) != 1)} recorded, "
        f"{len(folder.utterances)} utterances of {speakers} speaker{'s' * (speakers != 1)} in all"
    )
    if stop.is_set():
        raise typer.Exit(_INTERRUPTED)


def _prompter(title: str, sample_rate_hz: int) -> LinePrompter | ScreenPrompter:
    from speechrnn.live.prompters import LinePrompter, ScreenPrompter
    from speechrnn.live.screen import console_for_screen

    console = console_for_screen() if sys.stdout.isatty() else None
    return ScreenPrompter(title, sample_rate_hz, console) if console else LinePrompter()
