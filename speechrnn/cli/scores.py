"""Scores as tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from speechrnn.evaluation.metrics import Rate, Scores
from speechrnn.evaluation.page import span

_MOST_SPEAKERS = 12


def print_scores(scores: Scores, left_out: int) -> None:
    """Print accuracy, words, speakers and confusions; `left_out` clips could not be read."""
    console = Console(highlight=False)
    rate = scores.accuracy
    console.print(f"accuracy {rate.share:.1%} (95% interval {span(rate.interval)})", style="bold")
    missing = f", {left_out} more left out as unreadable" if left_out else ""
    console.print(f"{rate.hits} of {rate.total} clips heard right{missing}")
    mean = scores.speaker_mean
    if mean.interval:
        console.print(
            f"mean over {mean.count} speakers {mean.value:.1%} (95% interval {span(mean.interval)})"
        )
    console.print(_words(scores), _speakers(scores), sep="\n")
    pairs = [
        f"{pair.truth} heard as {pair.heard} {pair.count}x" for pair in scores.confused_pairs()
    ]
    console.print("most confused: " + (", ".join(pairs) or "none"))


def _words(scores: Scores) -> Table:
    table = plain_table(
        "word", "recall", "95% interval", "clips", "precision", "95% interval", "heard"
    )
    for word in scores.labels:
        table.add_row(word, *cells(scores.recall[word]), *cells(scores.precision[word]))
    return table


def _speakers(scores: Scores) -> Table:
    rates = sorted(scores.speakers.items(), key=lambda item: item[1].share)
    table = plain_table("speaker", "accuracy", "95% interval", "clips")
    for name, rate in rates[:_MOST_SPEAKERS]:
        table.add_row(name, *cells(rate))
    if len(rates) > _MOST_SPEAKERS:
        table.caption = f"the {_MOST_SPEAKERS} lowest of {len(rates)} speakers"
    return table


def plain_table(*columns: str) -> Table:
    """A table without lines; the first column is text, the others are numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, caption_justify="left")
    table.add_column(columns[0], overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def cells(rate: Rate) -> tuple[str, str, str]:
    """Share, interval and total."""
    return f"{rate.share:.1%}", span(rate.interval), str(rate.total)
