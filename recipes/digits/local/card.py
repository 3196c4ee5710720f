"""Write the card of the digits model: what `speechrnn models digits` shows once it is packaged."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heard import mean_text, of_folds
from results import by_kind

from speechrnn.cli.script import run_script
from speechrnn.datadir import read_datadir
from speechrnn.evaluation import card, card_tables
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.training_record import read_record
from speechrnn.runtime.model_file import open_model
from speechrnn.vocabulary import NON_WORDS, SILENCE

LICENCE = "CC-BY-SA-4.0"
NOTICE = (
    f"{LICENCE}, and not Apache-2.0 as speechrnn itself: the Free Spoken Digit Dataset, which the "
    "weights were learnt from, is share-alike. Whether weights are an adaptation of recordings is "
    "not settled; this file is given away as if they were, so that nobody has to guess. Name the "
    "data set (Z. Jackson et al.) and what you changed, and pass the weights on, trained further "
    "or not, under the same licence. A program that only loads the file keeps its own licence. "
    "The recordings are not in it."
)


def main() -> None:
    """Read, put together, write."""
    options = card.card_options(__doc__).parse_args()
    write(options)
    print(f"{options.out}: card written")


def write(options: argparse.Namespace) -> None:
    """Put the card together."""
    whole = options.experiment / "all"
    model = whole / "model.onnx"
    _, info = open_model(model)
    stream = card.read_trial(model, whole / "evaluation" / "stream" / "stream.json")
    scores = of_folds(options.experiment, "scores.json")
    right = {
        name: Rate(its["accuracy"]["hits"], its["accuracy"]["total"])
        for name, its in scores.items()
    }
    recalls = card_tables.recalls(scores.values())
    words = {word: rate for word, rate in recalls.items() if word not in NON_WORDS}
    missed, said = card_tables.misses([stream]), card_tables.all_missed(stream)
    people = len(tested(options.data / "others"))
    sections = {
        card.HEARS: card_tables.hears(info),
        card.TRAINING: "\n".join(f"- {line}" for line in training_data(options, info.provenance)),
        card.ACCURACY: "\n\n".join(
            [
                f"{mean_text(right)} of single digits is the mean over {len(right)} speakers with "
                "its 95% interval (Student t), ten digits, other words and silence to choose from. "
                "Each was left out of a training with the settings of this model, and tested by "
                "it. The Free Spoken Digit Dataset has no others: this model has heard them all.",
                card_tables.rate_table(right, "left out", "heard right", "clips"),
                "By word over all of them; six voices are few, so that the intervals are too "
                "narrow for a new one:",
                card_tables.word_table(words),
                others_heard(options.data / "others", whole),
            ]
        ),
        card.LIVE: "\n\n".join(
            [
                f"{card_tables.thresholds(stream)} Tested on the test list of Speech Commands, of "
                f"{people} people whom it was not trained on; most of them say other words. "
                f"{card_tables.said_in_stream(stream)}",
                card_tables.rate_table(missed, "word", "missed", "said"),
                card_tables.alarm_table(stream),
            ]
        ),
        card.WEAKNESSES: "\n".join(f"- {line}" for line in weaknesses(words, missed, stream)),
        card.LICENCE: NOTICE,
        card.REBUILD: card_tables.rebuild(options.command, info),
    }
    facts = {
        "accuracy": f"{mean_text(right)} of single digits by a new speaker: mean of {len(right)}, "
        "each left out of a training in turn",
        "live": card_tables.live_fact(
            f"{card_tables.rate_text(said)} of {said.total} by other people", stream
        ),
        "license": LICENCE,
    }
    card.write_card(options.out, model, "Ten spoken digits", facts, sections)


def others_heard(data: Path, whole: Path) -> str:
    """What this model hears of people in the other corpus whom it was not trained on."""
    count = len(tested(data))
    corpus = read_record(data / "corpus.json")["corpus"]
    heard = by_kind(card_tables.recalls([read_record(whole / "evaluation" / "scores.json")]))
    return (
        f"This model itself on the test list of {corpus}, {count} people whom it was not trained "
        f"on, heard right: {heard}."
    )


def tested(data: Path) -> set[str]:
    """Who speaks in the test list of the other corpus."""
    return {its.speaker for its in read_datadir(data / "test") if its.text != SILENCE}


def training_data(options: argparse.Namespace, provenance: dict[str, Any]) -> list[str]:
    """Where the model learnt from, a line each."""
    corpus = read_record(options.data / "others" / "corpus.json")["corpus"]
    others = read_datadir(options.data / "others" / "train")
    people: dict[str, set[str]] = defaultdict(set)
    for utterance in others:
        people[utterance.text].add(utterance.speaker)
    base = [*others, *read_datadir(options.data / "synthetic" / "train")]
    voices = len({utterance.speaker for utterance in base})
    then = provenance["training_data"]
    counts = ", ".join(
        f"{word} {len(people[word])}" for word in sorted(people.keys() - set(NON_WORDS))
    )
    return [
        "Free Spoken Digit Dataset (Z. Jackson et al.), CC BY-SA 4.0: 3,000 recordings of six "
        "people at 8 kHz.",
        f"Google Speech Commands (P. Warden, arXiv:1804.03209), CC BY 4.0, the training part of "
        f"{corpus}: digits, other words, background noise. People who say each digit: {counts}.",
        card_tables.synthetic_speech(
            options.data / "synthetic", "the digits, other words and phrases"
        ),
        *options.also,
        f"First from the latter two, {len(base):,} utterances of {voices:,} voices; then from the "
        f"former two, {then['utterances']:,} of {then['speakers']:,}.",
    ]


def weaknesses(
    words: Mapping[str, Rate], missed: Mapping[str, Rate], stream: Mapping[str, Any]
) -> list[str]:
    """What speaks against the model, a line each."""
    return [
        *card_tables.weaknesses(words, missed, stream),
        "All ten digits were heard of six people only, men as far as the data set says, with "
        "accents of the US, Belgium, Germany and Greece: expect less of other voices, children's "
        "above all.",
        "It hears telephone bandwidth, up to 3.8 kHz, in which f, s and th are hardly told apart.",
        "It hears single digits with a pause between them; strings run together are not what it "
        "learnt.",
        "Read speech was not transcribed: a digit that is said there counts as a false alarm.",
    ]


if __name__ == "__main__":
    run_script(main)
