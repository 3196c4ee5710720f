"""The HTML about sequences: errors, speakers, what was misread, whether confidence is right."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from speechrnn.evaluation.bootstrap import Ratio
from speechrnn.evaluation.page import span
from speechrnn.evaluation.sequences.alignment import Edits, Pair
from speechrnn.evaluation.sequences.confidence import Reliability
from speechrnn.evaluation.sequences.scores import SequenceScores, WordCount
from speechrnn.evaluation.sequences.trial import Reading

_NONE = "–"
_MOST_WORDS = 10
_FEW_SPEAKERS = 8


def sequence_headline(scores: SequenceScores) -> str:
    """Title and word error rate."""
    words, strings = scores.words, scores.strings
    return (
        "<h1>Speech recognition report</h1>\n"
        f"<p class=headline><strong>{percent(words.ratio.value)}</strong> word error rate over "
        f"{words.edits.said:,} words (95% interval {_span(words.ratio)})</p>\n"
        f"<p>{strings.hits:,} of {strings.total:,} utterances were read without a mistake "
        f"({strings.share:.1%}). {interval_text(scores)}</p>"
    )


def interval_text(scores: SequenceScores) -> str:
    """What the intervals are about, in a sentence or two."""
    if scores.resampled == "speakers":
        count = len(scores.speakers)
        caution = "; so few make them too narrow" if count < _FEW_SPEAKERS else ""
        return f"Intervals come from drawing the {count} speakers anew{caution}."
    return (
        "All utterances are of one speaker: intervals come from drawing these anew, and say "
        "nothing of other speakers."
    )


def error_table(scores: SequenceScores) -> str:
    """Words, characters and sentences."""
    rows = []
    for name, rate in (("words", scores.words), ("characters", scores.characters)):
        rows.append(
            f"<tr><td>{name}</td>{_ratio_cells(rate.ratio)}{_edit_cells(rate.edits)}"
            f"<td class=number>{rate.edits.said:,}</td></tr>"
        )
    rows.append(
        f"<tr><td>sentences</td>{_ratio_cells(scores.sentences)}{'<td></td>' * 3}"
        f"<td class=number>{scores.num_utterances:,}</td></tr>"
    )
    return (
        "<h2>Errors</h2>\n<div class=wide><table><thead><tr><th>of</th>"
        "<th class=number>error rate</th><th class=number>95% interval</th>"
        f"{_EDIT_HEADS}<th class=number>said</th></tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def sequence_speaker_table(scores: SequenceScores) -> str:
    """Errors of each speaker, the most first."""
    order = sorted(scores.speakers.items(), key=lambda item: -(item[1].words.rate or 0))
    rows = [
        f"<tr><td>{escape(name)}</td><td class=number>{percent(its.words.rate)}</td>"
        f"{_edit_cells(its.words)}<td class=number>{its.words.said:,}</td>"
        f"<td class=number>{its.strings.share:.1%}</td>"
        f"<td class=number>{its.strings.total:,}</td></tr>"
        for name, its in order
    ]
    return (
        "<h2>Speakers</h2>\n<div class=wide><table><thead><tr><th>speaker</th>"
        f"<th class=number>word error rate</th>{_EDIT_HEADS}<th class=number>words</th>"
        "<th class=number>utterances right</th><th class=number>utterances</th></tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def mistake_list(scores: SequenceScores) -> str:
    """The most frequent mistakes of each kind."""
    pairs = ", ".join(
        f"<strong>{escape(pair.truth)}</strong> as <strong>{escape(pair.heard)}</strong> "
        f"{pair.count}×"
        for pair in scores.substitutions[:_MOST_WORDS]
    )
    return (
        "<h2>Most frequent mistakes</h2>\n<dl>"
        f"<dt>Read as another word</dt><dd>{pairs or _NONE}</dd>\n"
        f"<dt>Not heard</dt><dd>{_counts(scores.deletions)}</dd>\n"
        f"<dt>Heard where nothing was said</dt><dd>{_counts(scores.insertions)}</dd></dl>"
    )


def misread_table(
    shown: Sequence[tuple[Reading, Sequence[Pair]]], sounds: Sequence[str], total: int
) -> str:
    """Misread utterances, `shown` of `total`, with players of what is at the addresses `sounds`."""
    if not total:
        return "<h2>Misread utterances</h2>\n<p>None.</p>"
    rows = []
    for (reading, alignment), sound in zip(shown, sounds, strict=True):
        utterance = reading.utterance
        label = f"{utterance.text or 'nothing'}, read as {reading.hypothesis.text or 'nothing'}"
        rows.append(
            f"<tr><td>{_aligned(alignment)}</td>"
            f'<td><audio controls preload=metadata aria-label="{escape(label)}" '
            f'src="{sound}"></audio></td>'
            f'<td data-name="speaker">{escape(utterance.speaker)}</td>'
            f'<td data-name="utterance">{escape(utterance.id)}</td></tr>'
        )
    count = f"all {total}" if len(shown) == total else f"{len(shown)} of {total}"
    return (
        "<h2>Misread utterances</h2>\n<div class=wide><table class=misheard>"
        f"<caption>{count}, those with the most mistakes first; what was said above, what was "
        f"heard below, {_NONE} where there is nothing</caption>\n"
        "<thead><tr><th>said and heard</th><th>listen</th><th>speaker</th><th>utterance</th></tr>"
        f"</thead>\n<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def reliability_text(raw: Reliability, calibrated: Reliability | None) -> str:
    """The reliability diagram in sentences."""
    text = f"Expected calibration error of word confidences as decoded: {_error(raw)}."
    if calibrated:
        text += f" Calibrated: {_error(calibrated)}."
    return text


def percent(share: float | None) -> str:
    """A share in percent; nothing has none."""
    return _NONE if share is None else f"{share:.1%}"


_EDIT_HEADS = "".join(
    f"<th class=number>{name}</th>" for name in ("substituted", "deleted", "inserted")
)


def _error(reliability: Reliability) -> str:
    text = percent(reliability.error)
    return f"{text} ({span(reliability.interval)})" if reliability.interval else text


def _span(ratio: Ratio) -> str:
    return span(ratio.interval) if ratio.interval else _NONE


def _ratio_cells(ratio: Ratio) -> str:
    return f"<td class=number>{percent(ratio.value)}</td><td class=number>{_span(ratio)}</td>"


def _edit_cells(edits: Edits) -> str:
    counts = (edits.substitutions, edits.deletions, edits.insertions)
    return "".join(f"<td class=number>{count:,}</td>" for count in counts)


def _counts(words: Sequence[WordCount]) -> str:
    shown = (f"<strong>{escape(its.word)}</strong> {its.count}×" for its in words[:_MOST_WORDS])
    return ", ".join(shown) or _NONE


def _aligned(alignment: Sequence[Pair]) -> str:
    columns = []
    for truth, heard in alignment:
        said, read = escape(truth or _NONE), escape(heard or _NONE)
        if truth != heard:
            said, read = f"<del>{said}</del>", f"<ins>{read}</ins>"
        columns.append(f"<span><span>{said}</span><span>{read}</span></span>")
    return f"<div class=aligned>{' '.join(columns)}</div>"
