"""Figures of a live trial as tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from speechrnn.cli.listing import clock
from speechrnn.cli.scores import cells, plain_table
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.evaluation.alarms import AlarmRate, alarm_span, short, silent_hours
from speechrnn.evaluation.choice import Choices
from speechrnn.evaluation.live_scores import AlarmRow, LiveScores
from speechrnn.evaluation.live_trial import SYNTHETIC, LiveTrial
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.obstacles import Obstacle
from speechrnn.evaluation.page import span

_MOST_ALARMS = 50  # that are listed of each row
_WIDTH_OF_FILES = 200


def print_live_scores(scores: LiveScores, point: OperatingPoint) -> None:
    """Print misses, wrong words, delay, false alarms an hour, and the alarms themselves."""
    console = _console()
    alarms = scores.all_alarms
    console.print(_summary(scores.all_misses, alarms), style="bold")
    console.print(
        f"posteriors: {point.source}; chunks of {point.chunk_ms:g} ms, "
        f"{point.look_ahead_ms:g} ms of look-ahead"
    )
    console.print()
    console.print(_words(scores, point))
    console.print()
    pairs = [f"{pair.truth} heard as {pair.heard} {pair.count}x" for pair in scores.wrong]
    console.print(f"wrong words: {', '.join(pairs) or 'none'}; fired besides: {scores.extra}x")
    if scores.delay:
        console.print(
            f"delay from the end of a word's sound to its report: median "
            f"{scores.delay.median_s:.2f} s, 95% at most {scores.delay.high_s:.2f} s"
        )
    if alarms:
        console.print()
        console.print(_rows(scores, alarms))
    for row in scores.rows:
        for line in _listed(row):
            console.print(line)


def print_obstacles(obstacles: Sequence[Obstacle]) -> None:
    """Print which few recordings a word is missed often for."""
    if not obstacles:
        return
    console = _console()
    console.print()
    console.print(
        "thresholds that a few recordings keep high: is the word said in them, or one much like it?"
    )
    for obstacle in obstacles:
        gain = obstacle.missed.share - obstacle.without.share
        console.print(f"    {obstacle.word}, of which {gain:.0%} more would be heard without:")
        for file in obstacle.files:
            console.print(f"        {file}")


def print_choices(choices: Choices) -> None:
    """Print forced choice in the stream beside that on cut clips."""
    console = _console()
    inside, cut = choices.in_stream, choices.cut
    console.print(
        f"forced choice on {cut.total} clips: {inside.share:.1%} right in the stream "
        f"({span(inside.interval)}), {cut.share:.1%} cut out of it ({span(cut.interval)})"
    )


def print_left_out(trial: LiveTrial) -> None:
    """Say on standard error what was left out and why."""
    for reason in (*trial.notes, *(f"left out: {fault}" for fault in trial.faults)):
        print(f"speechrnn: {' '.join(reason.split())}", file=sys.stderr)


def print_shortage(hours: float, budget_per_hour: float) -> None:
    """Say so where the negatives are too few to show a budget of false alarms."""
    needed = silent_hours(budget_per_hour)
    if hours < needed:
        least = alarm_span(AlarmRate(0, hours).interval)
        _console().print(
            f"{short(hours)} h of negatives cannot show {budget_per_hour:g} false alarms an hour: "
            f"even none in them only means {least} at 95%; it takes {short(needed)} h without any"
        )


def _console() -> Console:
    """Fits lines and tables into a terminal's width; elsewhere nothing is cut."""
    wide = not sys.stdout.isatty()
    width = _WIDTH_OF_FILES if wide else None
    return Console(highlight=False, markup=False, soft_wrap=wide, width=width)


def _summary(misses: Rate, alarms: AlarmRate | None) -> str:
    text = (
        f"missed {misses.share:.1%} of {misses.total} words (95% interval {span(misses.interval)})"
    )
    if alarms is None:
        return f"{text}; no negatives, so no false alarms counted"
    return (
        f"{text}; {alarms.count} false alarms in {short(alarms.hours)} h: "
        f"{alarms.per_hour:.2f} an hour ({alarm_span(alarms.interval)})"
    )


def _words(scores: LiveScores, point: OperatingPoint) -> Table:
    columns = ["word", "threshold", "missed", "95% interval", "said"]
    if scores.word_alarms:
        columns += ["alarms", "an hour", "95% interval"]
    table = plain_table(*columns)
    for word, threshold in point.thresholds.items():
        misses = cells(scores.misses[word]) if word in scores.misses else ("", "", "0")
        alarms = _alarm_cells(scores.word_alarms[word]) if scores.word_alarms else ()
        table.add_row(word, f"{threshold:.3f}", *misses, *alarms)
    return table


def _rows(scores: LiveScores, total: AlarmRate) -> Table:
    table = plain_table(
        "false alarms in", "recordings", "hours", "alarms", "an hour", "95% interval"
    )
    for row in scores.rows:
        hours = f"{row.rate.hours:.2f}"
        repeats = f" × {row.repeats:.0f}" if row.name == SYNTHETIC else ""
        table.add_row(row.name, f"{row.recordings}{repeats}", hours, *_alarm_cells(row.rate))
    if len(scores.rows) > 1:
        table.add_row("all", "", f"{total.hours:.2f}", *_alarm_cells(total))
    if scores.rows[-1].name == SYNTHETIC:
        table.caption = (
            "synthetic: the same recordings again and again, at other levels and over other noise; "
            "their alarms come less independently than the interval takes them to"
        )
    return table


def _alarm_cells(rate: AlarmRate) -> tuple[str, str, str]:
    return str(rate.count), f"{rate.per_hour:.2f}", alarm_span(rate.interval)


def _listed(row: AlarmRow) -> list[str]:
    if not row.alarms:
        return []
    lines = [
        f"    {alarm.file}  {clock(alarm.time_s)}  {alarm.confidence:6.1%}  {alarm.word}"
        for alarm in row.alarms[:_MOST_ALARMS]
    ]
    more = len(row.alarms) - _MOST_ALARMS
    return ["", f"{row.name}:", *lines, *([f"    and {more} more"] if more > 0 else [])]
