"""`speechrnn listen`: words heard live."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechrnn.cli.decoders import (
    BeamWidth,
    Grammar,
    LanguageModelFile,
    LanguageWeight,
    WordBonus,
    make_decoder,
)
from speechrnn.cli.models import ModelName
from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.live.block import Source
    from speechrnn.live.lines import Lines
    from speechrnn.live.view import View
    from speechrnn.runtime.stream import Stream


def listen(
    model: ModelName = None,
    device: Annotated[
        str | None, typer.Option(help="Microphone: index or name; see 'speechrnn devices'.")
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option("--input", help="Play a file at its own pace instead of a microphone."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a word.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="With --json: print what may still change, too.")
    ] = False,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD='COMMAND'",
            help="Run a program, no shell, at a word; with --grammar at an intent, with {slot}.",
        ),
    ] = None,
    chunk_ms: Annotated[
        float | None, typer.Option(help="How often the network runs; default: the model's.")
    ] = None,
    look_ahead_ms: Annotated[
        float | None, typer.Option(help="What it hears beyond; default: the model's.")
    ] = None,
    grammar: Grammar = None,
    lm: LanguageModelFile = None,
    lm_weight: LanguageWeight = None,
    word_bonus: WordBonus = None,
    beam: BeamWidth = None,
) -> None:
    """Hear words live, until Ctrl-C: a view on a terminal, else one line a word.

    What --on runs prints to standard error, and nowhere while the view is shown.
    """
    from speechrnn.decoding.grammar.decoder import GrammarDecoder
    from speechrnn.live.actions import Actions, parse_commands
    from speechrnn.live.session import listen as hear
    from speechrnn.live.stopping import stop_signals
    from speechrnn.runtime.recognizer import load_model
    from speechrnn.runtime.stream import Stream

    recognizer = load_model(model)
    if partial and not as_json:
        raise ConfigError("--partial goes with --json; the view on a terminal shows it by itself")
    if partial and not recognizer.info.reads_sequences:
        raise ConfigError(f"--partial: {recognizer.info.path} hears single words, all certain")
    decoder = make_decoder(
        recognizer.info, grammar, lm, beam, lm_weight=lm_weight, word_bonus=word_bonus, live=True
    )
    intents = decoder.grammar.intents if isinstance(decoder, GrammarDecoder) else None
    if intents is None:
        commands = parse_commands(on or [], recognizer.info.words, "word")
    else:
        commands = parse_commands(on or [], intents, "intent")
    with stop_signals() as stop, _source(device, recording) as source:
        stream = Stream(
            recognizer,
            source.sample_rate_hz,
            chunk_ms=chunk_ms,
            look_ahead_ms=look_ahead_ms,
            decoder=decoder,
        )
        with (
            _screen(recognizer.info.path.name, source, stream, as_json, partial) as screen,
            Actions(commands, screen.notice, shown=screen.leaves_room, intents=intents) as actions,
        ):
            counts = hear(source, stream, [screen, actions], stop)
    print(f"speechrnn: {_summary(stream.time_s, counts)}", file=sys.stderr)


def _source(device: str | None, recording: Path | None) -> AbstractContextManager[Source]:
    from speechrnn.live.devices import find_device
    from speechrnn.live.microphone import Microphone
    from speechrnn.live.playback import Playback

    if recording is None:
        return Microphone(find_device(device))
    if device is not None:
        raise ConfigError("--input and --device exclude each other; leave one out")
    return nullcontext(Playback(recording))


def _screen(
    title: str, source: Source, stream: Stream, as_json: bool, partial: bool
) -> View | Lines:
    from speechrnn.live.lines import Lines, json_line, partial_json_line, plain_line

    if not as_json and sys.stdout.isatty():
        from speechrnn.live.screen import console_for_screen
        from speechrnn.live.view import View

        console = console_for_screen()
        if console is not None:
            return View(title, source, stream, console)
    form = json_line if as_json else plain_line
    return Lines(source, stream, form, partial_json_line if partial else None)


def _summary(heard_s: float, counts: Counter[str]) -> str:
    from speechrnn.runtime.clock import clock

    count = f"{counts.total()} word{'s' * (counts.total() != 1)}"
    each = ", ".join(f"{word} {times}" for word, times in counts.most_common())
    return f"listened for {clock(heard_s)}, heard {count}" + f" ({each})" * bool(each)
