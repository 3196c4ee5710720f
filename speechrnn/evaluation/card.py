"""A model's card: what people should know before they trust it, made from what was measured.

Sections are Markdown texts by their headings; `speechrnn.evaluation.card_tables` makes those that
every card has. At the head stand facts as YAML, which `speechrnn models` lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from speechrnn.errors import DataError

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
