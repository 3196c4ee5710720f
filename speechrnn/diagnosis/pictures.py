"""Pictures of a diagnosis, as PNG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speechrnn.diagnosis.clipping import Steps
from speechrnn.diagnosis.gradients import Flow
from speechrnn.diagnosis.saturation import Saturation
from speechrnn.evaluation.drawing import BAR, RIGHT, WRONG, empty_figure, figure_png

_LEAST = 1e-9  # what is drawn of a gradient


def gradients_png(flows: Sequence[Flow], frame_s: float) -> bytes:
    """Draw the gradient at each moment, and what is left of it after a time."""
    figure = empty_figure(10.0, 4.2)
    left, right = figure.subplots(1, 2)
    for flow in flows:
        style = "--" if "backward" in flow.name else "-"
        style = ":" if "cell" in flow.name else style
        for axes, norms in ((left, flow.by_time), (right, flow.through_time)):
            times_s = frame_s * np.arange(len(norms))
            axes.plot(times_s, np.maximum(norms, _LEAST), style, lw=1.3, label=flow.name)
    left.set_xlabel("time t in s")
    left.set_ylabel("norm of ∂loss/∂h(t), median")
    left.legend(fontsize=7)
    right.axhline(0.01, color="#888888", ls="--", lw=0.8)
    right.set_xlabel("time that it has gone back in s")
    right.set_ylabel("left of a gradient of length 1")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.tick_params(labelsize=8)
    return figure_png(figure)


def gates_png(saturation: Sequence[Saturation]) -> bytes:
    """Draw the shares of activations at either end of their range."""
    figure = empty_figure(7.5, 1.2 + 0.24 * len(saturation))
    axes = figure.add_subplot()
    places = np.arange(len(saturation))
    low = 100 * np.array([each.low for each in saturation])
    high = 100 * np.array([each.high for each in saturation])
    axes.barh(places, low, color=WRONG, height=0.7, label="at the lower end (ReLU: 0)")
    axes.barh(places, 100 - low - high, left=low, color=BAR, height=0.7, label="between")
    axes.barh(places, high, left=100 - high, color=RIGHT, height=0.7, label="at the upper end")
    names = [f"{each.name}: {each.activation}" for each in saturation]
    axes.set_yticks(places, names)
    axes.set_ylim(len(saturation) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of units and frames in %", fontsize=9)
    axes.tick_params(labelsize=8)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8
    )
    return figure_png(figure)


def clipping_png(steps: Sequence[Steps], clip_norm: float | None) -> bytes:
    """Draw the gradient's norm over the steps, how many steps a clip_norm cuts, and the loss."""
    from matplotlib.ticker import LogLocator

    figure = empty_figure(11.5, 3.8)
    norms, cut, loss = figure.subplots(1, 3)
    for each in steps:
        name = "clipped" if each.clipped else "not clipped"
        colour = RIGHT if each.clipped else WRONG
        style = "--" if each.clipped else "-"  # both are seen where they are the same
        norms.plot(each.norms, style, color=colour, lw=1.3, label=name)
        loss.plot(each.losses, style, color=colour, lw=1.3)
        longest_first = np.sort(each.norms)[::-1]
        shares = 100 * np.arange(1, len(longest_first) + 1) / max(1, len(longest_first))
        cut.plot(longest_first, shares, style, color=colour, drawstyle="steps-post")
    if clip_norm is not None:
        norms.axhline(clip_norm, color="#333333", ls=":", lw=1.1, label=f"clip_norm {clip_norm:g}")
        cut.axvline(clip_norm, color="#333333", ls=":", lw=1.1)
    norms.set_yscale("log")
    cut.set_xscale("log")
    for axis in (norms.yaxis, cut.xaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    cut.set_ylim(0, 105)
    norms.set_ylabel("norm of the gradient, before clipping")
    cut.set_ylabel("steps that it cuts in %")
    cut.set_xlabel("clip_norm")
    loss.set_ylabel("loss")
    norms.set_xlabel("step")
    loss.set_xlabel("step")
    norms.legend(fontsize=7)
    for axes in (norms, cut, loss):
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.tick_params(labelsize=8)
    return figure_png(figure)
