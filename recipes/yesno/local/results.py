"""Hear the test recordings, count word errors, print them, and add a row to RESULTS.md."""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import jiwer

from speechrnn.datadir import read_datadir
from speechrnn.evaluation.results import ResultRow, append_result
from speechrnn.runtime.recognizer import load_model

TABLE = "icefall's split: every other recording for testing; one speaker, the same on both sides"


def main() -> None:
    """Hear, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--experiment", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="none: only print")
    parser.add_argument("--seconds", type=int, help="from the recordings to the exported model")
    parser.add_argument("--command", required=True)
    options = parser.parse_args()

    recognizer = load_model(options.model)
    utterances = read_datadir(options.data)
    heard = [recognizer.transcribe(utterance.wav).text for utterance in utterances]
    scores = jiwer.process_words([utterance.text for utterance in utterances], heard)
    mistakes = {
        utterance.id: {"said": utterance.text, "heard": text}
        for utterance, text in zip(utterances, heard, strict=True)
        if utterance.text != text
    }
    words = scores.hits + scores.substitutions + scores.deletions
    metric = (
        f"{scores.wer:.2%}: {scores.insertions} insertions, {scores.deletions} deletions, "
        f"{scores.substitutions} substitutions in {words} words; "
        f"{len(utterances) - len(mistakes)} of {len(utterances)} recordings without a mistake"
    )
    print(f"WER {metric}")
    for name, texts in mistakes.items():
        print(f"{name}\n  said:  {texts['said']}\n  heard: {texts['heard']}")
    evaluation = options.experiment / "evaluation"
    evaluation.mkdir(exist_ok=True)
    facts = {
        "wer": scores.wer,
        "insertions": scores.insertions,
        "deletions": scores.deletions,
        "substitutions": scores.substitutions,
        "words": words,
        "mistakes": mistakes,
    }
    (evaluation / "scores.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if options.out is None:
        return

    environment = read_json(options.experiment / "run" / "environment.json")
    epochs = (options.experiment / "run" / "metrics.jsonl").read_text().splitlines()
    seconds = sum(json.loads(epoch)["seconds"] for epoch in epochs)
    wall_time = f"{seconds:.0f} s of training"
    if options.seconds is not None:
        wall_time = f"{options.seconds} s from the recordings to the model, {wall_time}"
    threads = environment["threads"]
    row = ResultRow(
        date=datetime.date.today().isoformat(),
        commit=environment["git_commit"] or "",
        command=options.command,
        parameters=f"{recognizer.info.num_parameters:,}",
        seeds=str(environment["seed"]),
        metric=metric,
        wall_time=wall_time,
        device=f"{environment['device']}, {threads} thread{'s' * (threads > 1)}",
    )
    append_result(options.out, TABLE, "WER", row)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise SystemExit(f"{path}: {fault.strerror}; run the stages before this one") from None


if __name__ == "__main__":
    main()
