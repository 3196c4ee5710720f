"""`speechrnn data string`: connected speech out of a Kaldi directory of separate words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def string(
    source: Annotated[Path, typer.Argument(help="Kaldi directory of words.", show_default=False)],
    target: Annotated[Path, typer.Argument(help="Where to write.", show_default=False)],
    count: Annotated[int, typer.Option(min=1, help="Strings of each speaker.")] = 100,
    words: Annotated[tuple[int, int], typer.Option(help="Least and most words.")] = (3, 7),
    sentences: Annotated[
        Path | None, typer.Option(help="Say lines of this text instead, drawn at random.")
    ] = None,
    gap_ms: Annotated[
        tuple[float, float], typer.Option(help="Least and most silence around each word.")
    ] = (0, 400),
    snr_db: Annotated[tuple[float, float], typer.Option(help="Words over noise.")] = (10, 30),
    gain_db: Annotated[tuple[float, float], typer.Option(help="Loudness of the whole.")] = (-12, 0),
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
) -> None:
    """String recordings of each speaker together, with gaps, over noise."""
    from speechrnn.cli.counting import counting
    from speechrnn.corpora.strings import StringPlan, string_datadir
    from speechrnn.datadir import durations_s, read_datadir
    from speechrnn.runtime.tokens import read_sentences

    plan = StringPlan(words, gap_ms, snr_db, gain_db, seed)
    lines = None if sentences is None else [" ".join(line) for line in read_sentences(sentences)]
    speakers = {utterance.speaker for utterance in read_datadir(source)}
    with counting("string", count * len(speakers)) as step:
        strings = string_datadir(source, target, count, plan, sentences=lines, on_string=step)
    minutes = sum(durations_s(target).values()) / 60
    print(
        f"{target}: {len(strings)} strings of {sum(len(s.text.split()) for s in strings)} words, "
        f"{len(speakers)} speaker{'s' * (len(speakers) != 1)}, {minutes:.1f} min"
    )
