"""Pictures of an evaluation, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from speechrnn.evaluation.alarms import AlarmRate, short
from speechrnn.evaluation.det import DetCurve
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.sequences.confidence import BINS, Reliability

_DPI = 130
_CELL_INCHES = 0.34
_MOST_BARS = 40
_RIGHT, _WRONG, _BAR = "#20639b", "#c0392b", "#7fb0d8"


def confusion_png(labels: tuple[str, ...], confusion: np.ndarray) -> bytes:
    """Draw what each word was heard as.

    Args:
        labels: (V) words.
        confusion: (V, V) counts; rows are true words, columns what was heard.

    Returns:
        A PNG; shade and colour tell the share of the true word's clips, numbers the counts.
    """
    size = max(2.5, _CELL_INCHES * len(labels))
    figure, axes = _figure(size + 1.6, size + 1.3)
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    shares = confusion / totals
    axes.imshow(_shades(shares), aspect="equal")
    for row, column in np.argwhere(confusion):
        dark = shares[row, column] > 0.5
        axes.text(
            column,
            row,
            str(confusion[row, column]),
            ha="center",
            va="center",
            fontsize=6.5 if confusion.max() < 1000 else 5,
            color="white" if dark else "black",
        )
    axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(labelsize=8, length=0)
    axes.set_xticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("heard")
    axes.set_ylabel("spoken")
    return _png(figure)


def speakers_png(speakers: Mapping[str, Rate]) -> bytes:
    """Draw the accuracy of each speaker with its 95% interval, the lowest first.

    Of more than 40 speakers the 40 lowest are drawn.
    """
    rates = sorted(speakers.items(), key=lambda item: (item[1].share, item[0]))[:_MOST_BARS]
    figure, axes = _figure(6.5, 1.1 + 0.24 * len(rates))
    places = np.arange(len(rates))
    shares = np.array([100 * rate.share for _, rate in rates])
    reach = np.abs(100 * np.array([rate.interval for _, rate in rates]).T - shares)
    axes.barh(places, shares, color=_BAR, height=0.7)
    axes.errorbar(shares, places, xerr=reach, fmt="none", ecolor="#333333", capsize=2, lw=0.9)
    axes.set_yticks(places, [f"{name} ({rate.total})" for name, rate in rates])
    axes.set_ylim(len(rates) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("accuracy in % (clips of the speaker in brackets)", fontsize=9)
    if len(rates) < len(speakers):
        axes.set_title(f"the {len(rates)} lowest of {len(speakers)} speakers", fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return _png(figure)


def det_png(
    curve: DetCurve, misses: Rate, alarms: AlarmRate, budget_per_hour: float | None = None
) -> bytes:
    """Draw misses against false alarms an hour.

    Args:
        curve: The line.
        misses: At the operating point, marked with its 95% intervals.
        alarms: There too.
        budget_per_hour: Drawn as a limit.
    """
    figure, axes = _figure(6.5, 4.5)
    axes.plot(curve.alarms_per_hour, 100 * curve.missed, color=_BAR, drawstyle="steps-post")
    centre = (alarms.per_hour, 100 * misses.share)
    axes.errorbar(
        *centre,
        xerr=np.abs(np.array([alarms.interval]).T - centre[0]),
        yerr=np.abs(100 * np.array([misses.interval]).T - centre[1]),
        fmt="o",
        color=_WRONG,
        capsize=3,
        clip_on=False,
        label=f"operating point, {misses.total} words and {short(alarms.hours)} h",
    )
    if budget_per_hour is not None:
        axes.axvline(budget_per_hour, color="#333333", ls="--", lw=0.9, label="budget")
    most = max(10 * centre[0], 4 * (budget_per_hour or 0), alarms.interval.high, 10 / alarms.hours)
    shown = 100 * curve.missed[curve.alarms_per_hour <= most]
    # Linear up to one alarm in all, so that none at all has a place, too.
    axes.set_xscale("symlog", linthresh=1 / alarms.hours)
    axes.set_xlim(0, most)
    axes.set_ylim(0, 1.1 * max([*shown, 100 * misses.interval.high, 1]))
    axes.set_xlabel("false alarms an hour, all words together")
    axes.set_ylabel("missed in %")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.legend(fontsize=8)
    return _png(figure)


def reliability_png(raw: Reliability, calibrated: Reliability | None) -> bytes:
    """Draw how often words were right over how confident the recogniser was, and how many.

    Intervals take words for independent (Wilson).

    Args:
        raw: Of the decoder's confidences.
        calibrated: Of the same words after calibration, where there is one.
    """
    drawn = [("as decoded", raw, _WRONG)]
    if calibrated:
        drawn.append(("calibrated", calibrated, _RIGHT))
    figure = _empty_figure(5.0, 5.6)
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
    return _png(figure)


def _shades(shares: np.ndarray) -> np.ndarray:
    """(V, V, 3) colours: blue on the diagonal, red beside it, so that faults stand out."""
    from matplotlib.colors import to_rgb

    full = np.where(np.eye(len(shares), dtype=bool)[..., None], to_rgb(_RIGHT), to_rgb(_WRONG))
    # A single mistake among many clips must still be seen, hence the root.
    strength = np.sqrt(shares)[..., None]
    return 1 - strength * (1 - full)


def _figure(width_inches: float, height_inches: float) -> tuple[Any, Any]:
    figure = _empty_figure(width_inches, height_inches)
    return figure, figure.add_subplot()


def _empty_figure(width_inches: float, height_inches: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches, height_inches), dpi=_DPI, layout="constrained")


def _png(figure: Any) -> bytes:
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
