"""`speechrnn train`: Kaldi data directories and a configuration in, an experiment out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer


def train(
    config: Annotated[Path, typer.Option(help="YAML file that describes the run.")],
    train: Annotated[
        list[Path], typer.Option(help="Kaldi directory or shards to learn from; repeatable.")
    ],
    out: Annotated[Path, typer.Option(help="Experiment directory to make.")],
    valid: Annotated[
        list[Path] | None,
        typer.Option(help="Kaldi directory or shards to choose the best epoch on."),
    ] = None,
    noise: Annotated[
        list[Path] | None,
        typer.Option(help="Kaldi directory or shards of noises; none: synthetic."),
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Kaldi lexicon, 'word phone phone ...' a line, for phones.")
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(help="Experiment to learn from, beside the labels; repeatable."),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Experiment to begin with, with its config.yaml.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Where decoded audio is kept; none: the user's own cache directory."),
    ] = None,
    cache_gb: Annotated[float, typer.Option(min=0, help="What it may take on the disk.")] = 20.0,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Decode anew, keep nothing.")
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask cluster that decodes; none: this machine.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in --out.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Override: section.key=value; repeatable.")
    ] = None,
    allow_shared_speakers: Annotated[
        bool, typer.Option(help="Let a speaker stand in both --train and --valid.")
    ] = False,
) -> None:
    """Train a recogniser."""
    from speechrnn.config import load_config
    from speechrnn.decoding.ctc.lexicon import read_pronunciations
    from speechrnn.shards.material import check_speakers_apart, read_material

    settings = load_config(config, tuple(set_ or ()))
    learnt, watched, mixed_in = (
        read_material([path.absolute() if scheduler else path for path in paths or ()])
        for paths in (train, valid, noise)
    )
    if not allow_shared_speakers:
        check_speakers_apart("train", learnt, "valid", watched)
    pronunciations = read_pronunciations(lexicon) if lexicon else None

    from speechrnn.cli.cache import default_cache
    from speechrnn.cli.progress import TrainingProgress
    from speechrnn.shards.cache import ClipCache
    from speechrnn.shards.cluster import executors
    from speechrnn.training.checkpoint import load_experiment
    from speechrnn.training.corpus import Corpus
    from speechrnn.training.distributed import processes
    from speechrnn.training.loop import train as run_training
    from speechrnn.training.start import read_start
    from speechrnn.training.store import says_first

    kept = (
        None
        if no_cache
        else ClipCache((cache or default_cache()).absolute(), cache_gb, executors(scheduler))
    )
    began = time.perf_counter()
    try:
        with processes(device) as group, TrainingProgress(shown=group.is_first) as progress:
            best = run_training(
                settings,
                Corpus(learnt, watched, mixed_in, pronunciations, kept),
                out,
                resume=resume,
                device=group.device,
                group=group,
                observer=progress,
                start=read_start(start) if start else None,
                teachers=[load_experiment(path) for path in teacher or ()],
            )
    except KeyboardInterrupt:
        if says_first(str(out)):
            print(f"{out}: what was learnt is kept; --resume goes on", file=sys.stderr)
        raise
    if group.is_first:
        print(f"{out}: {_summary(best)}; {time.perf_counter() - began:.0f} s")


def _summary(best: dict[str, Any]) -> str:
    if not any(name.startswith("valid_") for name in best):
        return f"{best['epoch']} epochs, training loss {best['train_loss']:.3f}"
    summary = f"best epoch {best['epoch']}"
    if "valid_accuracy" in best:
        summary += f", validation accuracy {best['valid_accuracy']:.1%}"
    if "valid_unit_errors" in best:
        summary += f", validation unit errors {best['valid_unit_errors']:.1%}"
    return summary
