"""A report about sequences: a self-contained HTML page, its picture, its figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.evaluation.embedding import picture_address, sound_address
from speechrnn.evaluation.page import fact_list, picture, whole_page
from speechrnn.evaluation.report import MOST_PLAYERS
from speechrnn.evaluation.sequences.alignment import count_edits
from speechrnn.evaluation.sequences.confidence import Reliability, reliability, word_outcomes
from speechrnn.evaluation.sequences.grammar import GrammarScores
from speechrnn.evaluation.sequences.grammar_page import (
    intent_table,
    rejection_table,
    rejection_text,
)
from speechrnn.evaluation.sequences.page import (
    error_table,
    misread_table,
    mistake_list,
    reliability_text,
    sequence_headline,
    sequence_speaker_table,
)
from speechrnn.evaluation.sequences.plots import rejection_png, reliability_png
from speechrnn.evaluation.sequences.trial import SequenceTrial


def sequence_figures(
    trial: SequenceTrial,
    confidence_map: ConfidenceMap | None = None,
    grammar: GrammarScores | None = None,
) -> dict[str, Any]:
    """All figures about a trial as plain values for JSON.

    Args:
        trial: With the decoder's own confidences.
        confidence_map: What calibrates them, found on other data.
        grammar: What was understood, where there is a grammar.

    Raises:
        DataError: Nothing was read.
    """
    raw, calibrated = _reliabilities(trial, confidence_map)
    return {
        **trial.scores.as_dict(),
        "confidence": _confidence_figures(raw, calibrated, confidence_map),
        "grammar": grammar.as_dict() if grammar else None,
    }


def write_sequence_report(
    directory: str | Path,
    trial: SequenceTrial,
    sample_rate_hz: int,
    facts: Mapping[str, str],
    confidence_map: ConfidenceMap | None = None,
    grammar: GrammarScores | None = None,
) -> Path:
    """Write `report.html`, `sequences.json` and pictures.

    These are `reliability.png`, where a word was heard, and `rejection.png`, where there was speech
    inside and outside a grammar.

    Args:
        directory: Where to; made if missing.
        trial: With the decoder's own confidences; of the misread utterances those with the most
            mistakes get a player.
        sample_rate_hz: Rate of the players.
        facts: What the reader should know of model and data; shown as they are.
        confidence_map: What calibrates the confidences, found on other data.
        grammar: What was understood, where there is a grammar.

    Returns:
        The page.

    Raises:
        DataError: Nothing was read.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    scores = trial.scores
    wrong = [
        (count_edits(alignment).total, reading, alignment)
        for reading, alignment in zip(trial.readings, trial.alignments, strict=True)
    ]
    wrong = sorted((its for its in wrong if its[0]), key=lambda its: -its[0])
    shown = [(reading, alignment) for _, reading, alignment in wrong[:MOST_PLAYERS]]
    sounds = [sound_address(reading.utterance, sample_rate_hz) for reading, _ in shown]
    parts = [
        sequence_headline(scores),
        fact_list(facts),
        error_table(scores),
        *_grammar_parts(directory, grammar),
        mistake_list(scores),
        misread_table(shown, sounds, len(wrong)),
        sequence_speaker_table(scores),
    ]
    raw, calibrated = _reliabilities(trial, confidence_map)
    if raw:
        png = reliability_png(raw, calibrated)
        (directory / "reliability.png").write_bytes(png)
        text = reliability_text(raw, calibrated)
        parts.append(picture("How far confidence can be trusted", picture_address(png), text))
        parts.append(f"<p>{text}</p>")
    record = {**facts, **sequence_figures(trial, confidence_map, grammar)}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (directory / "sequences.json").write_text(text + "\n", encoding="utf-8")
    page = directory / "report.html"
    page.write_text(whole_page("\n".join(parts)), encoding="utf-8")
    return page


def write_calibration(
    directory: Path,
    raw: Reliability,
    calibrated: Reliability,
    confidence_map: ConfidenceMap,
    grammar: GrammarScores | None,
) -> None:
    """Write `calibration.json`, `reliability.png` and, with a grammar, `rejection.png`.

    Args:
        directory: Where to; made if missing.
        raw: Of the decoder's own confidences.
        calibrated: Of the same words, as probabilities.
        confidence_map: What makes them so.
        grammar: At the threshold that was found.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "reliability.png").write_bytes(reliability_png(raw, calibrated))
    _grammar_parts(directory, grammar)
    record = {
        "confidence": _confidence_figures(raw, calibrated, confidence_map),
        "grammar": grammar.as_dict() if grammar else None,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (directory / "calibration.json").write_text(text + "\n", encoding="utf-8")


def _confidence_figures(
    raw: Reliability | None, calibrated: Reliability | None, confidence_map: ConfidenceMap | None
) -> dict[str, Any]:
    return {
        "raw": raw.as_dict() if raw else None,
        "calibrated": calibrated.as_dict() if calibrated else None,
        "map": confidence_map.as_metadata() if confidence_map else None,
    }


def _grammar_parts(directory: Path, grammar: GrammarScores | None) -> list[str]:
    parts = []
    if grammar and grammar.intents:
        parts.append(intent_table(grammar.intents))
    if grammar and grammar.rejection:
        png = rejection_png(grammar.rejection)
        (directory / "rejection.png").write_bytes(png)
        text = rejection_text(grammar.rejection)
        parts.append(picture("Rejection", picture_address(png), text))
        parts.append(rejection_table(grammar.rejection))
    return parts


def _reliabilities(
    trial: SequenceTrial, confidence_map: ConfidenceMap | None
) -> tuple[Reliability | None, Reliability | None]:
    """Of the raw and of the calibrated confidences; none where no word was heard."""
    outcomes = word_outcomes(trial)
    if not len(outcomes.right):
        return None, None
    calibrated = reliability(outcomes.mapped(confidence_map)) if confidence_map else None
    return reliability(outcomes), calibrated
