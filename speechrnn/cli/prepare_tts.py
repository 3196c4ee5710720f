"""`speechrnn prepare tts`: a word list in, synthetic speech in Kaldi directories out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def prepare_tts(
    target: Annotated[Path, typer.Option(help="Folder to fill; becomes audio/, train/, …")],
    words: Annotated[
        str, typer.Option(help="Words and phrases, separated by commas.")
    ] = "yes,no,up,down,left,right,on,off,stop,go",
    engines: Annotated[
        str | None, typer.Option(help="Of espeak,flite,festival; default: all that are installed.")
    ] = None,
    voices: Annotated[int, typer.Option(help="espeak voices to train on.")] = 300,
    hold_out_engine: Annotated[
        str | None, typer.Option(help="Engine never trained on, written to test_ENGINE.")
    ] = None,
    rejection: Annotated[
        bool, typer.Option(help="Add the classes _unknown_ (other words) and _silence_ (noises).")
    ] = True,
    other_share: Annotated[
        float, typer.Option(help="Training utterances of other words, against the words'.")
    ] = 0.4,
    other_phrases: Annotated[
        bool, typer.Option("--other-phrases", help="Phrases among the other words; longer clips.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
) -> None:
    """Synthesise speech for a word list, in many voices."""
    from rich.console import Console
    from rich.progress import Progress

    from speechrnn.corpora.tts import prepare

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("synthesise", total=None)
        counts = prepare(
            words.split(","),
            target,
            engines=engines.split(",") if engines is not None else None,
            voices=voices,
            hold_out_engine=hold_out_engine,
            rejection=rejection,
            other_share=other_share,
            other_phrases=other_phrases,
            seed=seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for name, count in counts.items():
        print(f"{target / name}: {count} utterances")
