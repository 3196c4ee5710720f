"""What was understood with a grammar, as tables on the terminal."""

from __future__ import annotations

from rich.console import Console

from speechrnn.cli.scores import cells, plain_table
from speechrnn.evaluation.page import span
from speechrnn.evaluation.sequences.grammar import GrammarScores, RejectionScores
from speechrnn.evaluation.sequences.grammar_page import (
    intent_rows,
    rejection_rows,
    rejection_text,
)


def print_grammar_scores(scores: GrammarScores) -> None:
    """Print how sentences were understood, and what rejection costs and buys."""
    console = Console(highlight=False)
    origin = "calibrated" if scores.calibrated else "the default"
    console.print(f"a sentence counts from a margin of {scores.threshold:.2f} on ({origin})")
    if scores.intents is None:
        console.print("no sentence of the grammar among the utterances: nothing to understand")
        return
    table = plain_table("sentences of the grammar", "share", "95% interval", "of")
    for name, ratio in intent_rows(scores.intents):
        interval = span(ratio.interval) if ratio.interval else "–"
        table.add_row(name, f"{ratio.value:.1%}", interval, f"{ratio.whole:g}")
    console.print(table)
    if scores.rejection is not None:
        print_rejection(scores.rejection)


def print_rejection(scores: RejectionScores) -> None:
    """Print what thresholds cost and buy."""
    console = Console(highlight=False)
    table = plain_table(
        "threshold", "margin", "lost", "95% interval", "of", "accepted", "95% interval", "of"
    )
    for name, its in rejection_rows(scores):
        table.add_row(name, f"{its.threshold:.2f}", *cells(its.lost), *cells(its.accepted))
    console.print(table)
    console.print(rejection_text(scores), soft_wrap=not console.is_terminal)
