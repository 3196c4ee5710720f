"""Sections of a model's card, from the model file and the JSON files of its evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from speechrnn.evaluation.alarms import AlarmRate, alarm_span, short
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.page import span
from speechrnn.runtime.model_file import ModelInfo
from speechrnn.vocabulary import NON_WORDS, UNKNOWN

_WORST = 3


def rate_text(rate: Rate) -> str:
    """A share with its interval: 96.1% (94.6–97.2%)."""
    return f"{rate.share:.1%} ({span(rate.interval)})"


def alarm_text(rate: AlarmRate) -> str:
    """Alarms an hour with their interval: 0.50 (0.16–1.2)."""
    return f"{short(rate.per_hour)} ({alarm_span(rate.interval)})"


def recalls(scores: Iterable[Mapping[str, Any]]) -> dict[str, Rate]:
    """For each word the share of its clips that were heard, counted over evaluations.

    Args:
        scores: What `speechrnn evaluate --out` leaves in `scores.json`, of each test list.
    """
    hits: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for one in scores:
        for word, its in one["words"].items():
            hits[word] += its["recall"]["hits"]
            totals[word] += its["recall"]["total"]
    return {word: Rate(hits[word], totals[word]) for word in totals if totals[word]}


def hears(info: ModelInfo) -> str:
    """What the model file takes and gives."""
    rejects = "It has a class for all other speech."
    if UNKNOWN not in info.labels:
        rejects = "It has no class for other speech, and hears one of its words in any."
    network = info.config["model"]
    return (
        f"{len(info.words)} words: {', '.join(info.words)}. {rejects} One file of "
        f"{info.file_bytes / 1e6:.2f} MB from waveform to word: {info.num_parameters:,} "
        f"parameters, {network['layers']} layers of {network['cell'].upper()}, "
        f"{'both directions' if info.bidirectional else 'one direction'}. Audio of any rate is "
        f"brought to {info.sample_rate_hz} Hz."
    )


def rebuild(command: str, info: ModelInfo) -> str:
    """The command, and what the model file says of the training.

    Args:
        command: To be run from the repository's root.
        info: The model's.
    """
    made = info.provenance
    return (
        f"```sh\n{command}\n```\n\nAt commit {made['git_commit']}, with seed {made['seed']} and "
        f"torch {made['torch']}, {made['created'][:10]}."
    )


def word_table(words: Mapping[str, Rate]) -> str:
    """Recall of each word."""
    rows = [
        f"| {f'`{word}`' if word in NON_WORDS else word} | {rate_text(rate)} | {rate.total} |"
        for word, rate in words.items()
    ]
    return "\n".join(
        ["| word | heard right (95% interval, Wilson) | clips |", "| --- | --- | --- |", *rows]
    )


def live_fact(stream: Mapping[str, Any]) -> str:
    """Misses and false alarms in a line.

    Args:
        stream: What `speechrnn evaluate --stream --out` leaves in `stream.json`.
    """
    alarms = stream["false_alarms"]
    return f"misses {rate_text(_missed(stream['misses']))}, false alarms an hour " + (
        alarm_text(_alarms(alarms)) if alarms else "not counted"
    )


def live(stream: Mapping[str, Any]) -> str:
    """Misses by word, false alarms by what was heard, delay; `stream` as for `live_fact`."""
    point, delay = stream["operating_point"], stream["delay"]
    budget = (point["calibration"] or {}).get("budget_per_hour")
    found = "Thresholds are the default ones"
    if budget is not None:
        found = f"Thresholds were found on other recordings, for {budget:g} false alarms an hour"
    said = stream["misses"]["said"]
    reported = "."
    if delay:
        reported = (
            f"; those heard are reported {delay['median_s']:.2f} s after the sound's end (median; "
            f"95%: {delay['high_s']:.2f} s)."
        )
    lines = [
        f"{found}; the network runs every {point['chunk_ms']:g} ms and hears "
        f"{point['look_ahead_ms']:g} ms beyond. {said} words of the test list in one stream: "
        f"{rate_text(_missed(stream['misses']))} missed{reported}",
        "",
        "| word | missed (95% interval, Wilson) | said |",
        "| --- | --- | --- |",
    ]
    for word, its in stream["words"].items():
        rate = _missed(its["misses"])
        lines.append(f"| {word} | {rate_text(rate)} | {rate.total} |")
    if not stream["negatives"]:
        return "\n".join([*lines, "", "False alarms were not counted."])
    lines += [
        "",
        "| without the words | hours | false alarms | an hour (95% interval, Poisson) |",
        "| --- | --- | --- | --- |",
    ]
    for row in stream["negatives"]:
        name = f"{Path(row['name']).name} ({row['recordings']} recordings)"
        lines.append(_alarm_row(name, _alarms(row)))
    return "\n".join([*lines, _alarm_row("all", _alarms(stream["false_alarms"]))])


def weaknesses(words: Mapping[str, Rate], stream: Mapping[str, Any] | None) -> list[str]:
    """What the figures say against the model, a line each; `stream` as for `live_fact`."""
    heard = {word: rate for word, rate in words.items() if word not in NON_WORDS}
    worst = sorted(heard, key=lambda word: heard[word].share)[:_WORST]
    lines = [f"In clips it hears {_listed(worst, heard)} least surely."]
    if stream is None:
        return lines
    missed = {word: _missed(its["misses"]) for word, its in stream["words"].items()}
    worst = sorted(missed, key=lambda word: -missed[word].share)[:_WORST]
    lines.append(f"Live it misses {_listed(worst, missed)} most.")
    fired = Counter(alarm["word"] for row in stream["negatives"] for alarm in row["alarms"])
    if fired:
        often = ", ".join(f"{word} {count}" for word, count in fired.most_common(_WORST))
        lines.append(f"Most false alarms were of: {often}.")
    hours = sum(row["hours"] for row in stream["negatives"])
    lines.append(
        f"False alarms were counted in {short(hours)} hours: a living room has more, and others."
    )
    return lines


def _listed(words: Iterable[str], rates: Mapping[str, Rate]) -> str:
    return ", ".join(f"{word} ({rates[word].share:.0%})" for word in words)


def _missed(record: Mapping[str, Any]) -> Rate:
    return Rate(record["missed"], record["said"])


def _alarms(record: Mapping[str, Any]) -> AlarmRate:
    return AlarmRate(record["count"], record["hours"])


def _alarm_row(name: str, rate: AlarmRate) -> str:
    return f"| {name} | {short(rate.hours)} | {rate.count} | {alarm_text(rate)} |"
