"""What the figures of this recipe are read from, how their tables are headed, where they go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.results import replace_section


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SystemExit(f"{path}: {fault.strerror}; run the stages before this one") from None


def title(test: Path) -> str:
    """Corpus, task and test list."""
    corpus = read_json(test.parent / "corpus.json")
    return f"{corpus['corpus']}: {corpus['task']}; {corpus['tests'][test.name]}"


def publish(results: Path, heading: str, section: list[str], model: Path, name: str) -> None:
    """Write a section into RESULTS.md, and as NAME.md beside the model's other scores.

    From there the model's card takes it.
    """
    replace_section(results, heading, section)
    beside = model.parent / "evaluation"
    beside.mkdir(exist_ok=True)
    (beside / f"{name}.md").write_text("\n".join(section) + "\n", encoding="utf-8")


def share(rate: Rate) -> str:
    """A share with its interval."""
    return f"{rate.share:.1%} ({rate.interval.low:.1%}–{rate.interval.high:.1%})"
