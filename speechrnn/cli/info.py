"""`speechrnn info`: what is inside a model file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from speechrnn.runtime.model_file import ModelInfo


def info(
    model: Annotated[
        str | None,
        typer.Argument(help="A model that 'speechrnn export' wrote, or a packaged one's name."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what is inside a model file, a language model's as well."""
    from speechrnn.cli.language_info import print_language_info
    from speechrnn.runtime.language_info import holds_language_model, open_language_model
    from speechrnn.runtime.model_file import open_model
    from speechrnn.runtime.packaged import find_model

    path = find_model(model)
    if holds_language_model(path):
        return print_language_info(open_language_model(path)[1], as_json)
    _, facts = open_model(path)
    if as_json:
        print(json.dumps(_plain(facts), ensure_ascii=False))
    else:
        print(_page(facts))


def _plain(facts: ModelInfo) -> dict[str, Any]:
    return {**asdict(facts), "path": str(facts.path), "latency_ms": _latency_ms(facts)}


def _latency_ms(facts: ModelInfo) -> float:
    """What must be heard after a sample before its frame can be worked out: hop and look-ahead."""
    waiting_samples = facts.grid.hop_samples + facts.grid.right_samples
    return round(1000 * waiting_samples / facts.sample_rate_hz, 3)


def _page(facts: ModelInfo) -> str:
    rate_hz = facts.sample_rate_hz
    grid = facts.grid
    lines = [
        ("file", f"{facts.path}, {facts.file_bytes / 1e6:.2f} MB"),
        ("format version", str(facts.format_version)),
        ("labels", _count(facts.labels)),
        ("sample rate", f"{rate_hz} Hz"),
        ("longest clip", f"{facts.clip_samples / rate_hz:g} s, {facts.clip_samples} samples"),
        ("networks", "1" if facts.networks == 1 else f"{facts.networks}, averaged"),
        ("parameters", f"{facts.num_parameters:,}, stored as {facts.weights}"),
        (
            "frames",
            f"one every {1000 * grid.hop_samples / rate_hz:g} ms, each sees "
            f"{1000 * grid.window_samples / rate_hz:g} ms",
        ),
        (
            "latency",
            f"{_latency_ms(facts):g} ms of the front end: its hop and "
            f"{1000 * grid.right_samples / rate_hz:g} ms of look-ahead",
        ),
        ("states", ", ".join(f"{s.name} {_shape(s.shape)}" for s in facts.states) or "none"),
    ]
    if facts.symbols != facts.labels:
        lines.insert(3, ("frame symbols", _count(facts.symbols)))
    if facts.lexicon:
        lines.insert(4, ("lexicon", _count(facts.lexicon)))
    lines += _confidence(facts) if facts.reads_sequences else _operating_point(facts)
    for section in ("features", "model"):
        lines += _section(section, facts.config.get(section, {}))
    lines += _section("provenance", facts.provenance)
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in lines)


def _count(names: Iterable[str]) -> str:
    listed = list(names)
    return f"{len(listed)}: {', '.join(listed)}" if listed else "none"


def _operating_point(facts: ModelInfo) -> list[tuple[str, str]]:
    from speechrnn.runtime.posteriors import window_frames

    point = facts.operating_point
    if point is None:
        return [("operating point", "not calibrated")]
    chunk_ms, look_ahead_ms = (facts.hop_ms * count for count in window_frames(facts, point))
    right_ms = 1000 * facts.grid.right_samples / facts.sample_rate_hz
    values = {
        "posteriors": f"{point.source}, averaged over {point.smoothing_ms:g} ms",
        "thresholds": point.thresholds,
        "refractory": f"{point.refractory_ms:g} ms",
        "latency": f"up to {chunk_ms + look_ahead_ms + right_ms:g} ms: chunks of {chunk_ms:g} ms, "
        f"{look_ahead_ms:g} ms of look-ahead, {right_ms:g} ms of the front end",
    }
    return _section("operating point", values) + _section("calibration", point.calibration or {})


def _confidence(facts: ModelInfo) -> list[tuple[str, str]]:
    its = facts.confidence_map
    if its is None:
        lines = [("confidence", "not calibrated")]
    else:
        values = {"log-odds": f"{its.slope:g} × those of the raw one {its.offset:+g}", **its.facts}
        lines = _section("confidence", values)
    for digest, acceptance in facts.acceptances.items():
        values = {"digest": digest[:12], "threshold": acceptance.threshold, **acceptance.facts}
        lines += _section("grammar", values)
    return lines


def _section(name: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    if not values:
        return [(name, "none")]
    lines = [(name, "")]
    for key, value in values.items():
        inside = _section(key, value) if _is_table(value) else [(key, _value(value))]
        lines += [(f"  {key}", text) for key, text in inside]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(row, dict) for row in value.values())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def _shape(shape: tuple[int | str, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
