"""Word errors as tables on the terminal."""

from __future__ import annotations

from rich.console import Console

from speechrnn.cli.scores import plain_table
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.evaluation.bootstrap import Ratio
from speechrnn.evaluation.page import span
from speechrnn.evaluation.sequences.alignment import Edits
from speechrnn.evaluation.sequences.confidence import reliability, word_outcomes
from speechrnn.evaluation.sequences.page import reliability_text
from speechrnn.evaluation.sequences.trial import SequenceTrial

_MOST_NAMED = 8


def print_sequence_scores(trial: SequenceTrial, confidence_map: ConfidenceMap | None) -> None:
    """Print error rates with intervals, speakers, what went wrong most often, and calibration.

    Args:
        trial: With the decoder's own confidences.
        confidence_map: What calibrates them.
    """
    console = Console(highlight=False)
    scores = trial.scores
    console.print(f"word error rate {_shown(scores.words.ratio)}", style="bold")
    console.print(f"{_counted(scores.words.edits)} in {scores.words.edits.said} words")
    console.print(f"character error rate {_shown(scores.characters.ratio)}")
    strings = scores.strings
    console.print(f"{strings.hits} of {strings.total} utterances without a mistake")
    console.print(f"intervals by drawing {scores.resampled} anew")
    table = plain_table("speaker", "WER", "words", "edits", "utterances right")
    for name, its in scores.speakers.items():
        rate = "–" if its.words.rate is None else f"{its.words.rate:.1%}"
        right = f"{its.strings.hits} of {its.strings.total}"
        table.add_row(name, rate, str(its.words.said), str(its.words.total), right)
    console.print(table)
    for what, found in (
        ("heard as another", [f"{p.truth} as {p.heard} {p.count}x" for p in scores.substitutions]),
        ("not heard", [f"{c.word} {c.count}x" for c in scores.deletions]),
        ("heard in vain", [f"{c.word} {c.count}x" for c in scores.insertions]),
    ):
        if found:
            console.print(f"{what}: {', '.join(found[:_MOST_NAMED])}")
    outcomes = word_outcomes(trial)
    if len(outcomes.right):
        calibrated = reliability(outcomes.mapped(confidence_map)) if confidence_map else None
        text = reliability_text(reliability(outcomes), calibrated)
        console.print(text, soft_wrap=not console.is_terminal)


def _shown(ratio: Ratio) -> str:
    if ratio.value is None:
        return "of nothing said: none"
    interval = f" (95% interval {span(ratio.interval)})" if ratio.interval else ""
    return f"{ratio.value:.2%}{interval}"


def _counted(edits: Edits) -> str:
    return (
        f"{edits.substitutions} substitutions, {edits.deletions} deletions, "
        f"{edits.insertions} insertions"
    )
