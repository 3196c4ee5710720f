"""Write the card of a digits model: what `speechrnn models digits` shows once it is packaged."""

from __future__ import annotations

import argparse
from pathlib import Path

from speechrnn.cli.script import run_script
from speechrnn.errors import DataError
from speechrnn.evaluation import card, card_tables
from speechrnn.evaluation.metrics import Rate, mean_with_interval
from speechrnn.evaluation.training_record import read_record
from speechrnn.runtime.model_file import open_model

LICENCE = "CC-BY-SA-4.0"
NOTICE = (
    f"{LICENCE}, and not Apache-2.0 as speechrnn itself: the recordings are share-alike. Name the "
    "data set, and pass weights on, trained further or not, under the same licence."
)


def main() -> None:
    """Read, put together, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="trained on all six speakers")
    parser.add_argument(
        "--experiment", type=Path, required=True, help="folder of the folds, of the same settings"
    )
    parser.add_argument("--stream", type=Path, help="stream.json of 'speechrnn evaluate --stream'")
    parser.add_argument("--synthetic", type=Path, help="synthetic speech that it trained on, too")
    parser.add_argument("--also", action="append", default=[], help="other training data, a line")
    parser.add_argument("--command", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write(options)
    print(f"{options.out}: card written")


def write(options: argparse.Namespace) -> None:
    """Put the card together."""
    _, info = open_model(options.model)
    folds = sorted(path for path in options.experiment.glob("fold_*") if path.is_dir())
    if len(folds) < 2:
        raise DataError(f"{options.experiment}: fewer than two folds; run stages 3 and 4")
    scores = {
        fold.name.removeprefix("fold_"): read_record(fold / "evaluation" / "scores.json")
        for fold in folds
    }
    speakers = {
        name: Rate(its["accuracy"]["hits"], its["accuracy"]["total"])
        for name, its in scores.items()
    }
    mean = mean_with_interval([rate.share for rate in speakers.values()])
    assert mean.interval is not None
    low, high = (min(max(limit, 0.0), 1.0) for limit in mean.interval)
    accuracy = f"{mean.value:.1%} ({100 * low:.1f}–{100 * high:.1f}%)"
    words = card_tables.recalls(scores.values())
    stream = read_record(options.stream) if options.stream else None
    facts = {
        "accuracy": f"{accuracy} of single digits by a new speaker: mean of {len(speakers)}, each "
        "left out of training in turn",
        "live": card_tables.live_fact(stream) if stream else "not measured",
        "license": LICENCE,
    }
    sections = {
        card.HEARS: card_tables.hears(info),
        card.TRAINING: "\n".join(f"- {line}" for line in training_data(options)),
        card.ACCURACY: "\n\n".join(
            [
                f"{accuracy} of single digits is the mean over {len(speakers)} speakers with its "
                "95% interval (Student t). Each was left out of a training with the settings of "
                "this model, and tested by it; this model itself has heard them all, and there is "
                "nobody left to test it on.",
                speaker_table(speakers),
                "By word over all of them; six voices are few, so that the intervals are too "
                "narrow for a new one:",
                card_tables.word_table(words),
            ]
        ),
        card.LIVE: card_tables.live(stream) if stream else "Not measured: made for single clips.",
        card.WEAKNESSES: "\n".join(f"- {line}" for line in weaknesses(words, stream)),
        card.LICENCE: NOTICE,
        card.REBUILD: card_tables.rebuild(options.command, info),
    }
    card.write_card(options.out, options.model, "Spoken digits", facts, sections)


def speaker_table(speakers: dict[str, Rate]) -> str:
    """Accuracy on each speaker who was left out."""
    rows = [
        f"| {name} | {card_tables.rate_text(rate)} | {rate.total} |"
        for name, rate in speakers.items()
    ]
    head = ["| left out | heard right (95% interval, Wilson) | clips |", "| --- | --- | --- |"]
    return "\n".join(head + rows)


def training_data(options: argparse.Namespace) -> list[str]:
    """Where the model learnt from, a line each."""
    lines = [
        "Free Spoken Digit Dataset (Z. Jackson et al.), CC BY-SA 4.0: 3,000 recordings of six "
        "people at 8 kHz."
    ]
    if options.synthetic:
        engines = read_record(options.synthetic / "tts.json")["request"]["engines"]
        lines.append(
            f"Synthetic speech of {', '.join(engines)}: the same words. No part of a synthesiser "
            "is in the model."
        )
    return lines + options.also


def weaknesses(words: dict[str, Rate], stream: dict | None) -> list[str]:
    """What speaks against the model, a line each."""
    return [
        *card_tables.weaknesses(words, stream),
        "Only six people were heard, men as far as the data set says, with accents of the US, "
        "Belgium, Germany and Greece: expect less of other voices.",
        "Their recordings are short and cut close, at telephone bandwidth.",
        "It hears single digits; strings of them run together are not what it learnt.",
    ]


if __name__ == "__main__":
    run_script(main)
