"""A report of an evaluation: a self-contained HTML page, its pictures, its figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from speechrnn.evaluation.embedding import picture_address, sound_address
from speechrnn.evaluation.metrics import Scores
from speechrnn.evaluation.page import (
    confused_list,
    confusion_text,
    fact_list,
    headline,
    misheard_table,
    picture,
    speaker_table,
    whole_page,
    word_table,
)
from speechrnn.evaluation.plots import confusion_png, speakers_png
from speechrnn.evaluation.trial import Answer

MOST_PLAYERS = 50


def write_report(
    directory: str | Path,
    scores: Scores,
    given: Sequence[Answer],
    sample_rate_hz: int,
    facts: Mapping[str, str],
) -> Path:
    """Write `report.html`, `scores.json`, `confusion.png` and `speakers.png`.

    Args:
        directory: Where to; made if missing.
        scores: The figures.
        given: What the figures are made of; of the wrong answers the most confident get a player.
        sample_rate_hz: Rate of the players.
        facts: What the reader should know of model and data; shown as they are.

    Returns:
        The page.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    pictures = {
        "confusion.png": confusion_png(scores.labels, scores.confusion),
        "speakers.png": speakers_png(scores.speakers),
    }
    for name, content in pictures.items():
        (directory / name).write_bytes(content)
    record = {**facts, **scores.as_dict()}
    (directory / "scores.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    page = directory / "report.html"
    wrong = [answer for answer in given if answer.heard != answer.truth]
    shown = sorted(wrong, key=lambda answer: -answer.confidence)[:MOST_PLAYERS]
    sounds = [sound_address(answer.utterance, sample_rate_hz) for answer in shown]
    matrix, bars = map(picture_address, pictures.values())
    parts = [
        headline(scores),
        fact_list(facts),
        word_table(scores),
        confused_list(scores),
        misheard_table(shown, sounds, len(wrong)),
        picture("What each word was heard as", matrix, confusion_text(scores)),
        speaker_table(scores),
        picture("Accuracy by speaker", bars, "The figures of the table above as bars."),
    ]
    page.write_text(whole_page("\n".join(parts)), encoding="utf-8")
    return page
