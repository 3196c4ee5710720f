"""Pictures of an evaluation, as PNG."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from speechrnn.evaluation.alarms import AlarmRate, short
from speechrnn.evaluation.det import DetCurve
from speechrnn.evaluation.drawing import BAR, RIGHT, WRONG, figure_png, new_figure
from speechrnn.evaluation.metrics import Rate

_CELL_INCHES = 0.34
_MOST_BARS = 40


def confusion_png(labels: tuple[str, ...], confusion: np.ndarray) -> bytes:
    """Draw what each word was heard as.

    Args:
        labels: (V) words.
        confusion: (V, V) counts; rows are true words, columns what was heard.

    Returns:
        A PNG; shade and colour tell the share of the true word's clips, numbers the counts.
    """
    size = max(2.5, _CELL_INCHES * len(labels))
    figure, axes = new_figure(size + 1.6, size + 1.3)
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
    return figure_png(figure)


def speakers_png(speakers: Mapping[str, Rate]) -> bytes:
    """Draw the accuracy of each speaker with its 95% interval, the lowest first.

    Of more than 40 speakers the 40 lowest are drawn.
    """
    rates = sorted(speakers.items(), key=lambda item: (item[1].share, item[0]))[:_MOST_BARS]
    figure, axes = new_figure(6.5, 1.1 + 0.24 * len(rates))
    places = np.arange(len(rates))
    shares = np.array([100 * rate.share for _, rate in rates])
    reach = np.abs(100 * np.array([rate.interval for _, rate in rates]).T - shares)
    axes.barh(places, shares, color=BAR, height=0.7)
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
    return figure_png(figure)


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
    figure, axes = new_figure(6.5, 4.5)
    axes.plot(curve.alarms_per_hour, 100 * curve.missed, color=BAR, drawstyle="steps-post")
    centre = (alarms.per_hour, 100 * misses.share)
    axes.errorbar(
        *centre,
        xerr=np.abs(np.array([alarms.interval]).T - centre[0]),
        yerr=np.abs(100 * np.array([misses.interval]).T - centre[1]),
        fmt="o",
        color=WRONG,
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
    return figure_png(figure)


def _shades(shares: np.ndarray) -> np.ndarray:
    """(V, V, 3) colours: blue on the diagonal, red beside it, so that faults stand out."""
    from matplotlib.colors import to_rgb

    full = np.where(np.eye(len(shares), dtype=bool)[..., None], to_rgb(RIGHT), to_rgb(WRONG))
    # A single mistake among many clips must still be seen, hence the root.
    strength = np.sqrt(shares)[..., None]
    return 1 - strength * (1 - full)
