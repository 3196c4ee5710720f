"""Write the card of a finished model: what `speechrnn models NAME` shows once it is packaged."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tables import title

from speechrnn.cli.script import run_script
from speechrnn.datadir import read_datadir
from speechrnn.evaluation import card, card_tables
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.training_record import read_record
from speechrnn.runtime.model_file import open_model
from speechrnn.vocabulary import SILENCE

LICENCE = "Apache-2.0"
TEST = "test"  # the list that counts


def main() -> None:
    """Read, put together, write."""
    parser = card.card_options(__doc__)
    parser.add_argument("--synthetic", type=Path, help="synthetic speech that it trained on, too")
    parser.add_argument("--teacher", type=Path, action="append", default=[], help="experiment")
    options = parser.parse_args()
    write(options)
    print(f"{options.out}: card written")


def write(options: argparse.Namespace) -> None:
    """Put the card together."""
    experiment = options.experiment
    model = experiment / "model.onnx"
    _, info = open_model(model)
    scores = read_record(experiment / "evaluation" / "file" / "scores.json")
    stream = card.read_trial(model, experiment / "evaluation" / "stream" / "stream.json")
    accuracy = card_tables.rate_text(Rate(scores["accuracy"]["hits"], scores["accuracy"]["total"]))
    words, missed = card_tables.recalls([scores]), card_tables.misses([stream])
    said = read_datadir(options.data / TEST)
    count = len({utterance.speaker for utterance in said if utterance.text != SILENCE})
    people = f"{count} people"
    bounds = [
        *card_tables.weaknesses(words, missed, stream),
        "It was tested on English of the same corpus, a word at a time, mostly near a microphone: "
        "expect less of children, strong accents, far rooms and words inside sentences.",
        "It spots words; it doesn't transcribe, and doesn't know who speaks.",
    ]
    live = [
        f"{card_tables.thresholds(stream)} {card_tables.said_in_stream(stream)}",
        card_tables.rate_table(missed, "word", "missed", "said"),
        card_tables.alarm_table(stream),
    ]
    sections = {
        card.HEARS: card_tables.hears(info),
        card.TRAINING: "\n".join(f"- {line}" for line in training_data(options, info.provenance)),
        card.ACCURACY: f"{title(options.data / TEST)}.\n\n{accuracy} of "
        f"{scores['accuracy']['total']} clips, the words by {people}, none of whom it was "
        "trained on.\n\n" + card_tables.word_table(words),
        card.LIVE: "\n\n".join(live),
        card.LATENCY: text_of(experiment / "evaluation" / "latency.md"),
        card.ROBUSTNESS: text_of(experiment / "evaluation" / "robustness.md"),
        card.WEAKNESSES: "\n".join(f"- {line}" for line in bounds),
        card.LICENCE: f"{LICENCE}, as all of speechrnn; the recordings are not in it.",
        card.REBUILD: taught_by(options.teacher) + card_tables.rebuild(options.command, info),
    }
    facts = {
        "accuracy": f"{accuracy} of {scores['accuracy']['total']} clips by {people} it was not "
        "trained on",
        "live": card_tables.live_fact(
            card_tables.rate_text(card_tables.all_missed(stream)), stream
        ),
        "license": LICENCE,
    }
    card.write_card(options.out, model, f"{len(info.words)} spoken commands", facts, sections)


def training_data(options: argparse.Namespace, provenance: dict[str, Any]) -> list[str]:
    """Where the model learnt from, a line each."""
    corpus = read_record(options.data / "corpus.json")
    lines = [
        "Google Speech Commands (P. Warden, arXiv:1804.03209), CC BY 4.0, the training part of "
        f"{corpus['corpus']}: words, other words, background noise."
    ]
    if options.synthetic:
        said = "the words, other words and phrases"
        lines.append(card_tables.synthetic_speech(options.synthetic, said))
    return [*lines, *options.also, card_tables.training_total(provenance)]


def taught_by(teachers: Sequence[Path]) -> str:
    """How to rebuild the networks that it learnt from as well; empty where there are none."""
    if not teachers:
        return ""
    commands = [text_of(teacher / "command").strip() for teacher in teachers]
    records = [read_record(teacher / "run" / "environment.json") for teacher in teachers]
    commits = ", ".join(record["git_commit"] for record in records)
    return (
        "First the networks whose averaged judgement it learns from, beside the labels, at the "
        f"commits {commits}; stages 0 to 3 are enough.\n\n```sh\n"
        + "\n".join(commands)
        + "\n```\n\n"
    )


def text_of(path: Path) -> str:
    """A section that another script left; empty where it was not run."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    run_script(main)
