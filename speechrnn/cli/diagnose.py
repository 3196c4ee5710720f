"""`speechrnn diagnose`: what training a network is like, in pictures."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechrnn.errors import ConfigError

if TYPE_CHECKING:
    from speechrnn.diagnosis.clipping import Steps
    from speechrnn.diagnosis.diagnosis import Diagnosis
    from speechrnn.diagnosis.gradients import Flow


def diagnose(
    data: Annotated[Path, typer.Option(help="Kaldi directory of utterances with their words.")],
    out: Annotated[Path, typer.Option(help="Folder for diagnosis.json and pictures.")],
    experiment: Annotated[
        Path | None, typer.Option(help="Directory that 'speechrnn train' left: its best weights.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Instead: YAML file of a run, before its first step.")
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="With --config: Kaldi lexicon, where units are phones.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="With --config: override section.key=value; repeatable."),
    ] = None,
    clips: Annotated[
        int, typer.Option(min=1, help="Utterances to look at gradients and gates in.")
    ] = 64,
    steps: Annotated[
        int, typer.Option(min=0, help="Steps of training with and without clipping; 0: none.")
    ] = 60,
) -> None:
    """Plot gradients through time, saturated gates and what clipping does."""
    from speechrnn.datadir import read_datadir

    if (experiment is None) == (config is None):
        raise ConfigError("give either --experiment, for trained weights, or --config, for fresh")
    if experiment is not None and (set_ or lexicon):
        raise ConfigError("--set and --lexicon are for --config; an experiment has its settings")
    utterances = read_datadir(data)

    from speechrnn.diagnosis.diagnosis import diagnose as look
    from speechrnn.diagnosis.diagnosis import fresh_model

    if experiment is not None:
        from speechrnn.training.checkpoint import load_experiment

        model = load_experiment(experiment)
    else:
        from speechrnn.config import load_config
        from speechrnn.decoding.ctc.lexicon import read_pronunciations

        assert config is not None
        settings = load_config(config, tuple(set_ or ()))
        model = fresh_model(settings, utterances, read_pronunciations(lexicon) if lexicon else None)
    found = look(model, utterances, fresh=experiment is None, clips=clips, steps=steps)
    for fault in found.faults:
        print(f"speechrnn: left out: {fault}", file=sys.stderr)
    found.write(out)
    _print(found)
    print(f"{out}: gradients.png, gates.png, {'clipping.png, ' if steps else ''}diagnosis.json")
    if found.faults:
        raise typer.Exit(2)


def _print(found: Diagnosis) -> None:
    model, frame_ms = found.config.model, 1000 * found.frame_s
    weights = f"{model.cell}, {model.hidden_size} units, loss {found.loss:.3f}"
    print(f"{weights} on {found.num_clips} clips in frames of {frame_ms:g} ms")
    print("gradient: |dL/dh(t)| at the first and last frame; what is left of it back in time")
    for flow in found.flows:
        print(f"  {flow.name:23} {flow.by_time[0]:8.1e} {flow.by_time[-1]:8.1e}  {_left(flow)}")
    print("activations at the lower and upper 5% of their range (ReLU: units at 0)")
    for each in found.saturation:
        print(f"  {each.name:17} {each.activation:10} {each.low:7.1%} {each.high:7.1%}")
    for steps in found.steps:
        print(_training(steps, found.config.training.clip_norm))


def _left(flow: Flow) -> str:
    frames, left = len(flow.through_time) - 1, flow.through_time[-1]
    if flow.lost_after is not None:
        return f"below 1% after {flow.lost_after} frames"
    share = f"{left:.1%}" if left < 10 else f"{left:.2g} times"
    return f"{share} after {frames} frames"


def _training(steps: Steps, clip_norm: float | None) -> str:
    name = "clipped" if steps.clipped else "not clipped"
    if not len(steps.norms):
        return f"training, {name}: the first loss is no number"
    text = (
        f"training, {name}: {len(steps.norms)} steps, gradient norm median "
        f"{statistics.median(steps.norms):.3g}, largest {steps.norms.max():.3g}"
    )
    if clip_norm is not None:
        text += f", {steps.share_above(clip_norm):.1%} above clip_norm {clip_norm:g}"
    return f"{text}; loss {steps.losses[0]:.3f} to {steps.losses[-1]:.3f}"
