"""A model's card: what people should know before they trust it, made from what was measured.

Sections are Markdown texts by their headings; `speechrnn.evaluation.card_tables` makes those that
every card has. At the head stand facts as YAML, which `speechrnn models` lists.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speechrnn.errors import DataError
from speechrnn.evaluation.training_record import read_record
from speechrnn.runtime.model_file import open_model

HEARS = "What it hears"
TRAINING = "Training data and licences"
ACCURACY = "Accuracy"
LIVE = "Live"
LATENCY = "Latency"
ROBUSTNESS = "Noise, loudness, telephone, rooms"
WEAKNESSES = "What it is not good at"
LICENCE = "Licence of the weights"
REBUILD = "How to rebuild it"
REQUIRED = (HEARS, TRAINING, ACCURACY, LIVE, WEAKNESSES, LICENCE, REBUILD)
FACTS = ("accuracy", "live", "license")


def card_options(description: str | None) -> argparse.ArgumentParser:
    """What every script that writes a card needs to know."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="that it was trained on")
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--also", action="append", default=[], help="other training data, a line")
    parser.add_argument("--command", required=True, help="that makes the model anew")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def read_trial(model: Path, path: Path) -> dict[str, Any]:
    """The `stream.json` of a live trial of the model as it is now.

    Raises:
        DataError: Not there, or of other thresholds than the model's file has.
    """
    stream, point = read_record(path), open_model(model)[1].operating_point
    if point is not None and stream["operating_point"] != point.as_metadata():
        raise DataError(
            f"{model}: calibrated since it was heard live ({path.parent}); run stage 5 again"
        )
    return stream


def write_card(
    path: Path, model: Path, title: str, facts: Mapping[str, str], sections: Mapping[str, str]
) -> None:
    """Write a card; with the digest of its model, so that neither goes with another.

    Args:
        path: The card.
        model: The model's file, as it will be given away.
        title: Its heading.
        facts: A line for each of `FACTS`; the licence as an SPDX identifier.
        sections: Texts by heading, in this order, `REQUIRED` among them; empty ones are left out.

    Raises:
        DataError: A fact or a section is missing.
    """
    missing = [name for name in FACTS if not facts.get(name)]
    missing += [f"## {name}" for name in REQUIRED if not sections.get(name, "").strip()]
    if missing:
        raise DataError(f"{path}: a card needs {', '.join(missing)}; measure or write it first")
    lines = ["---"]
    # JSON texts are YAML, too, whatever stands in them.
    for name, fact in {**facts, "sha256": digest(model)}.items():
        lines.append(f"{name}: {json.dumps(fact, ensure_ascii=False)}")
    lines += ["---", "", f"# {title}"]
    for heading, text in sections.items():
        if text.strip():
            lines += ["", f"## {heading}", "", text.strip()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def digest(model: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(model.read_bytes()).hexdigest()
