"""The HTML of a report: one page that needs nothing else, on a phone or a desktop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from speechrnn.evaluation.metrics import Interval, Rate, Scores
from speechrnn.evaluation.trial import Answer

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --wrong: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --wrong: #ff8a7a; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
.headline { font-size: 1.25rem; }
.headline strong { font-size: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: middle; }
td.number, th.number { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--soft); }
img { max-width: 100%; height: auto; background: #fff; border-radius: .25rem; }
audio { width: 15rem; height: 2.25rem; display: block; }
.aligned { display: flex; flex-wrap: wrap; gap: .25rem .75rem; }
.aligned > span { display: flex; flex-direction: column; }
.aligned del, .aligned ins { text-decoration: none; font-weight: 600; color: var(--wrong); }
dt { font-weight: 600; } dd { margin: 0 0 .4rem 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .misheard thead { position: absolute; left: -999rem; }
  .misheard, .misheard caption, .misheard tbody { display: block; }
  .misheard tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .misheard td, .misheard th { display: block; border: 0; padding: 0; text-align: left; }
  .misheard [data-name]::before { content: attr(data-name) ": "; font-weight: 400; }
  audio { width: 100%; margin: .25rem 0; }
}
"""


def whole_page(body: str) -> str:
    """The page around its parts."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Speech recognition report</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def headline(scores: Scores) -> str:
    """Title and accuracy."""
    rate = scores.accuracy
    text = (
        f"<h1>Speech recognition report</h1>\n<p class=headline><strong>{rate.share:.1%}</strong>"
    )
    text += f" of {rate.total:,} clips heard right (95% interval {span(rate.interval)})</p>"
    mean = scores.speaker_mean
    if mean.interval:
        text += (
            f"\n<p>Mean over {mean.count} speakers, each counting the same: {mean.value:.1%} "
            f"(95% interval {span(mean.interval)}).</p>"
        )
    return text


def fact_list(facts: Mapping[str, str]) -> str:
    """What was evaluated."""
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>\n" for k, v in facts.items())
    return f"<dl>\n{rows}</dl>"


def misheard_table(shown: Sequence[Answer], sounds: Sequence[str], total: int) -> str:
    """Misheard clips, `shown` of `total`, with players of what is at the addresses `sounds`."""
    if not total:
        return "<h2>Misheard clips</h2>\n<p>None.</p>"
    rows = []
    for answer, sound in zip(shown, sounds, strict=True):
        said, heard = escape(answer.utterance.text), escape(answer.heard)
        rows.append(
            f'<tr><td data-name="said"><strong>{said}</strong></td>'
            f'<td data-name="heard"><strong>{heard}</strong></td>'
            f'<td class=number data-name="confidence">{answer.confidence:.1%}</td>'
            f'<td><audio controls preload=metadata aria-label="{said}, heard as {heard}" '
            f'src="{sound}"></audio></td>'
            f'<td data-name="speaker">{escape(answer.utterance.speaker)}</td>'
            f'<td data-name="clip">{escape(answer.utterance.id)}</td></tr>'
        )
    count = f"all {total}" if len(shown) == total else f"{len(shown)} of {total}"
    return (
        "<h2>Misheard clips</h2>\n<div class=wide><table class=misheard>"
        f"<caption>{count}, those heard most confidently first</caption>\n<thead><tr><th>said</th>"
        "<th>heard</th><th class=number>confidence</th><th>listen</th><th>speaker</th>"
        f"<th>clip</th></tr></thead>\n<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def word_table(scores: Scores) -> str:
    """Recall and precision of each word."""
    rows = [
        f"<tr><td>{escape(word)}</td>{_cells(scores.recall[word])}{_cells(scores.precision[word])}"
        "</tr>"
        for word in scores.labels
    ]
    return (
        "<h2>Words</h2>\n<p>Recall: share of a word's clips that were heard as it. "
        "Precision: share of those heard as it that were it.</p>\n<div class=wide><table><thead>"
        "<tr><th>word</th><th class=number>recall</th><th class=number>95% interval</th>"
        "<th class=number>clips</th><th class=number>precision</th>"
        "<th class=number>95% interval</th><th class=number>heard</th></tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def speaker_table(scores: Scores) -> str:
    """Accuracy of each speaker, lowest first."""
    rates = sorted(scores.speakers.items(), key=lambda item: item[1].share)
    rows = [f"<tr><td>{escape(name)}</td>{_cells(rate)}</tr>" for name, rate in rates]
    return (
        "<h2>Speakers</h2>\n<div class=wide><table>\n<thead><tr><th>speaker</th>"
        "<th class=number>accuracy</th><th class=number>95% interval</th>"
        "<th class=number>clips</th></tr></thead>\n"
        f"<tbody>{chr(10).join(rows)}</tbody></table></div>"
    )


def confused_list(scores: Scores) -> str:
    """The pairs that were mixed up most."""
    items = [
        f"<li><strong>{escape(pair.truth)}</strong> heard as <strong>{escape(pair.heard)}</strong>:"
        f" {pair.count}</li>"
        for pair in scores.confused_pairs()
    ]
    return "<h2>Most confused</h2>\n" + (f"<ol>{''.join(items)}</ol>" if items else "<p>None.</p>")


def picture(title: str, address: str, text: str) -> str:
    """A picture under its title; `text` says the same in words."""
    return f'<h2>{escape(title)}</h2>\n<p><img src="{address}" alt="{escape(text)}"></p>'


def confusion_text(scores: Scores) -> str:
    """The confusion matrix in a sentence."""
    pairs = [f"{p.truth} as {p.heard} {p.count} times" for p in scores.confused_pairs(5)]
    return f"Confusion matrix. Heard wrongly: {', '.join(pairs) or 'nothing'}."


def _cells(rate: Rate) -> str:
    return (
        f"<td class=number>{rate.share:.1%}</td><td class=number>{span(rate.interval)}</td>"
        f"<td class=number>{rate.total}</td>"
    )


def span(interval: Interval) -> str:
    """An interval in percent."""
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f}%"
