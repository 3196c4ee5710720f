"""The HTML about a grammar: what was understood, and what rejection costs and buys."""

from __future__ import annotations

from speechrnn.evaluation.alarms import alarm_span, short
from speechrnn.evaluation.bootstrap import Ratio
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.page import span
from speechrnn.evaluation.sequences.grammar import RejectionScores
from speechrnn.evaluation.sequences.intents import IntentScores
from speechrnn.evaluation.sequences.rejection import RejectionPoint

_NONE = "–"


def intent_rows(scores: IntentScores) -> list[tuple[str, Ratio]]:
    """Figures of understanding by name; those of slots only where there are some."""
    rows = [
        ("intent right", scores.intent),
        ("intent and all slots right", scores.exact),
        ("rejected", scores.rejected),
        ("slots meant that were heard", scores.recall),
        ("slots heard that were meant", scores.precision),
        ("slot F1", scores.f1),
    ]
    return [(name, ratio) for name, ratio in rows if ratio.value is not None]


def rejection_rows(scores: RejectionScores) -> list[tuple[str, RejectionPoint]]:
    """Thresholds by name."""
    rows = [("in use", scores.point)]
    cheap = scores.curve.at_lost()
    return [*rows, ("at 1% lost", cheap)] if cheap else rows


def intent_table(scores: IntentScores) -> str:
    """What was understood."""
    rows = [
        f"<tr><td>{name}</td><td class=number>{ratio.value:.1%}</td>"
        f"<td class=number>{span(ratio.interval) if ratio.interval else _NONE}</td>"
        f"<td class=number>{ratio.whole:g}</td></tr>"
        for name, ratio in intent_rows(scores)
    ]
    return (
        "<h2>Understanding</h2>\n<div class=wide><table><thead><tr><th>sentences of the grammar"
        "</th><th class=number>share</th><th class=number>95% interval</th>"
        f"<th class=number>of</th></tr></thead>\n<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def rejection_table(scores: RejectionScores) -> str:
    """What thresholds cost and buy."""
    rows = [
        f"<tr><td>{name}</td><td class=number>{its.threshold:.2f}</td>{_cells(its.lost)}"
        f"{_cells(its.accepted)}</tr>"
        for name, its in rejection_rows(scores)
    ]
    heads = "<th class=number>95% interval</th><th class=number>of</th>"
    return (
        f"<p>{rejection_text(scores)}</p>\n<div class=wide><table><thead><tr><th>threshold</th>"
        f"<th class=number>margin</th><th class=number>sentences lost</th>{heads}"
        f"<th class=number>other speech accepted</th>{heads}</tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def rejection_text(scores: RejectionScores) -> str:
    """What rejection buys, in sentences."""
    alarms, cheap = scores.alarms, scores.curve.at_lost()
    text = (
        f"{alarms.count} of {scores.point.accepted.total} stretches of other speech in "
        f"{short(alarms.hours)} h were accepted: {short(alarms.per_hour)} an hour "
        f"({alarm_span(alarms.interval)}). "
    )
    if cheap is None:
        return text + "Every threshold loses more than 1% of the sentences of the grammar."
    accepted = cheap.accepted
    return text + (
        f"With 1% of in-grammar sentences lost, {accepted.share:.1%} of other speech accepted "
        f"(95% interval {span(accepted.interval)})."
    )


def _cells(rate: Rate) -> str:
    return (
        f"<td class=number>{rate.share:.1%}</td><td class=number>{span(rate.interval)}</td>"
        f"<td class=number>{rate.total:,}</td>"
    )
