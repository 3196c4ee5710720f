"""Pictures of an evaluation of sequences, as PNG."""

from __future__ import annotations

import numpy as np

from speechrnn.evaluation.drawing import BAR, RIGHT, WRONG, empty_figure, figure_png, new_figure
from speechrnn.evaluation.sequences.confidence import BINS, Reliability
from speechrnn.evaluation.sequences.grammar import RejectionScores

_TICKS = (0, 1, 2, 5, 10, 20, 50, 100)


def reliability_png(raw: Reliability, calibrated: Reliability | None) -> bytes:
    """Draw how often words were right over how confident the recogniser was, and how many.

    Intervals take words for independent (Wilson).

    Args:
        raw: Of the decoder's confidences.
        calibrated: Of the same words after calibration, where there is one.
    """
    drawn = [("as decoded", raw, WRONG)]
    if calibrated:
        drawn.append(("calibrated", calibrated, RIGHT))
    figure = empty_figure(5.0, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 1], [0, 1], color="#888888", ls="--", lw=0.9)
    edges = np.linspace(0, 1, BINS + 1)
    most = 1
    for name, its, colour in drawn:
        filled = [i for i, rate in enumerate(its.rates) if rate.total]
        places = its.confidences[filled]
        shares = np.array([its.rates[i].share for i in filled])
        reach = np.abs(np.array([its.rates[i].interval for i in filled]).T - shares)
        label = f"{name}, calibration error {its.error:.1%}"
        upper.plot(places, shares, "o-", color=colour, lw=1.2, ms=4, label=label, clip_on=False)
        upper.errorbar(places, shares, yerr=reach, fmt="none", ecolor=colour, lw=0.8, alpha=0.5)
        counts = [rate.total for rate in its.rates]
        lower.stairs(counts, edges, baseline=None, color=colour, lw=1.2)
        most = max(most, *counts)
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1)
    upper.set_ylabel("share of the words that were right")
    upper.legend(fontsize=8, loc="upper left")
    lower.set_yscale("symlog")
    lower.set_ylim(0, 3 * most)
    lower.yaxis.set_major_formatter("{x:g}")
    lower.set_ylabel("words")
    lower.set_xlabel("confidence")
    for axes in (upper, lower):
        axes.grid(color="#dddddd", linewidth=0.5)
    return figure_png(figure)


def rejection_png(scores: RejectionScores) -> bytes:
    """Draw how much other speech is accepted over how many sentences are lost, in percent.

    Linear up to one percent, so that none at all has a place, too.
    """
    figure, axes = new_figure(6.5, 4.5)
    curve, point, cheap = scores.curve, scores.point, scores.curve.at_lost()
    axes.plot(100 * curve.lost, 100 * curve.accepted, color=BAR, drawstyle="steps-post")
    marked = [("the threshold in use", point, WRONG)]
    if cheap is not None:
        marked.append(("1% of the sentences lost", cheap, RIGHT))
    for name, its, colour in marked:
        place = 100 * np.array([its.lost.share, its.accepted.share])
        spans = 100 * np.array([its.lost.interval, its.accepted.interval])
        reach = np.abs(spans - place[:, None])
        axes.errorbar(
            *place,
            xerr=reach[:1].T,
            yerr=reach[1:].T,
            fmt="o",
            color=colour,
            capsize=3,
            clip_on=False,
            label=f"{name}: margin {its.threshold:.2f}",
        )
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("symlog", linthresh=1)
        axis.set_ticks(_TICKS, minor=False)
        axis.set_ticks([], minor=True)
        axis.set_major_formatter("{x:g}")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel(f"sentences of the grammar rejected, in % of {point.lost.total}")
    axes.set_ylabel(f"other speech accepted, in % of {point.accepted.total}")
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.legend(fontsize=8)
    return figure_png(figure)
