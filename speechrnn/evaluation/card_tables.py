"""Sections of a model's card, from the model file and the JSON files of its evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from speechrnn.evaluation.alarms import AlarmRate, alarm_span, short
from speechrnn.evaluation.metrics import Rate
from speechrnn.evaluation.page import span
from speechrnn.evaluation.training_record import read_record
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
    averaged = f"{info.networks} networks, averaged, " if info.networks > 1 else ""
    return (
        f"{len(info.words)} words: {', '.join(info.words)}. {rejects} One file of "
        f"{info.file_bytes / 1e6:.2f} MB from waveform to word: {averaged}{info.num_parameters:,} "
        f"parameters stored as {info.weights}, {network['layers']} layers of "
        f"{network['cell'].upper()}, "
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
    networks = [made, *made.get("others", [])]
    trained = "; ".join(
        f"at commit {network['git_commit']} with seed {network['seed']}" for network in networks
    )
    return (
        f"```sh\n{command}\n```\n\nTrained {trained}; torch {made['torch']}, exported "
        f"{made['created'][:10]}."
    )


def word_table(words: Mapping[str, Rate]) -> str:
    """Recall of each word."""
    rows = {f"`{word}`" if word in NON_WORDS else word: rate for word, rate in words.items()}
    return rate_table(rows, "word", "heard right", "clips")


def rate_table(rates: Mapping[str, Rate], of: str, what: str, total: str) -> str:
    """A share, its interval and what it is a share of, a line each."""
    lines = [f"| {of} | {what} (95% interval, Wilson) | {total} |", "| --- | --- | --- |"]
    lines += [f"| {name} | {rate_text(rate)} | {rate.total} |" for name, rate in rates.items()]
    return "\n".join(lines)


def training_total(provenance: Mapping[str, Any]) -> str:
    """How much was learnt from."""
    total = provenance["training_data"]
    return (
        f"In all {total['utterances']:,} utterances of {total['speakers']:,} voices, "
        f"{total['hours']:.1f} hours."
    )


def synthetic_speech(folder: Path, what: str) -> str:
    """Which synthesisers said what.

    Args:
        folder: Where `speechrnn prepare tts` put it.
        what: Such as "the words and others".
    """
    engines = read_record(folder / "tts.json")["request"]["engines"]
    return (
        f"Synthetic speech of {', '.join(engines)}: {what}. No part of a synthesiser is in the "
        "model."
    )


def misses(streams: Iterable[Mapping[str, Any]]) -> dict[str, Rate]:
    """For each word how often it was missed, counted over trials.

    Args:
        streams: What `speechrnn evaluate --stream --out` leaves in `stream.json`, of each trial.
    """
    missed: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for stream in streams:
        for word, its in stream["words"].items():
            missed[word] += its["misses"]["missed"]
            said[word] += its["misses"]["said"]
    return {word: Rate(missed[word], said[word]) for word in said if said[word]}


def all_missed(stream: Mapping[str, Any]) -> Rate:
    """How often any word was missed; `stream` as for `misses`."""
    return Rate(stream["misses"]["missed"], stream["misses"]["said"])


def live_fact(missed: str, stream: Mapping[str, Any]) -> str:
    """Misses, with their interval, and false alarms in a line; `stream` as for `misses`."""
    alarms = stream["false_alarms"]
    return f"misses {missed}, false alarms an hour " + (
        alarm_text(_alarms(alarms)) if alarms else "not counted"
    )


def thresholds(stream: Mapping[str, Any]) -> str:
    """Where the thresholds come from, and how the network runs; `stream` as for `misses`."""
    point = stream["operating_point"]
    budget = (point["calibration"] or {}).get("budget_per_hour")
    found = "Thresholds are the default ones"
    if budget is not None:
        found = f"Thresholds were found on other recordings, for {budget:g} false alarms an hour"
    return (
        f"{found}; the network runs every {point['chunk_ms']:g} ms and hears "
        f"{point['look_ahead_ms']:g} ms beyond."
    )


def said_in_stream(stream: Mapping[str, Any]) -> str:
    """What was missed of the words of a list, and how late the others are told."""
    rate, delay = all_missed(stream), stream["delay"]
    reported = "."
    if delay:
        reported = (
            f"; those heard are reported {delay['median_s']:.2f} s after the sound's end (median; "
            f"95%: {delay['high_s']:.2f} s)."
        )
    return f"{rate.total} words of the test list in one stream: {rate_text(rate)} missed{reported}"


def alarm_table(stream: Mapping[str, Any]) -> str:
    """False alarms by what was heard; `stream` as for `misses`."""
    if not stream["negatives"]:
        return "False alarms were not counted."
    lines = [
        "| without the words | hours | false alarms | an hour (95% interval, Poisson) |",
        "| --- | --- | --- | --- |",
    ]
    for row in stream["negatives"]:
        name = f"{Path(row['name']).name} ({row['recordings']} recordings)"
        lines.append(_alarm_row(name, _alarms(row)))
    return "\n".join([*lines, _alarm_row("all", _alarms(stream["false_alarms"]))])


def weaknesses(
    words: Mapping[str, Rate], missed: Mapping[str, Rate], stream: Mapping[str, Any]
) -> list[str]:
    """What the figures say against the model, a line each.

    Args:
        words: What is heard of each in clips.
        missed: What is missed of each live.
        stream: As for `misses`, with false alarms.
    """
    heard = {word: rate for word, rate in words.items() if word not in NON_WORDS}
    worst = sorted(heard, key=lambda word: heard[word].share)[:_WORST]
    lines = [f"In clips it hears {_listed(worst, heard)} least surely."]
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


def _alarms(record: Mapping[str, Any]) -> AlarmRate:
    return AlarmRate(record["count"], record["hours"])


def _alarm_row(name: str, rate: AlarmRate) -> str:
    return f"| {name} | {short(rate.hours)} | {rate.count} | {alarm_text(rate)} |"
