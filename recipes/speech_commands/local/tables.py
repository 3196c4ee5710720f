"""How the tables of this recipe are headed, and where they go."""

from __future__ import annotations

from pathlib import Path

from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.results import replace_section
from speechrnn.evaluation.training_record import read_record


def title(test: Path) -> str:
    """Corpus, task and test list."""
    corpus = read_record(test.parent / "corpus.json")
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
