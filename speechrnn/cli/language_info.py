"""What is inside a language model's file, as `speechrnn info` and `speechrnn lm train` say it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from speechrnn.runtime.language_info import LanguageInfo

_SHOWN_TOKENS = 12


def print_language_info(info: LanguageInfo, as_json: bool) -> None:
    """Print what a file says about itself, as a page or as one JSON object."""
    if as_json:
        tokens = {"units": info.tokens.units, "tokens": info.tokens.symbols}
        facts = {**asdict(info), **tokens, "path": str(info.path)}
        print(json.dumps(facts, ensure_ascii=False))
        return
    lines = [
        ("file", f"{info.path}, {info.file_bytes / 1e6:.2f} MB"),
        ("format version", str(info.format_version)),
        ("language model", f"of {info.tokens.units}, recurrent ({info.cell})"),
        ("vocabulary", _vocabulary(info)),
        ("parameters", parameters(info)),
        ("states", ", ".join(f"{name} ({size})" for name, size in info.states.items())),
        *_history(info.provenance),
    ]
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        print(f"{name:<{width}}  {text}")


def parameters(info: LanguageInfo) -> str:
    """How many numbers are trained, and how many Keras counts in the same network, and why."""
    ours, keras = info.num_parameters, info.keras_parameters
    if keras is None:
        return f"{ours:,}"
    if ours == keras:
        return f"{ours:,}, as Keras counts, too"
    return (
        f"{ours:,}; Keras counts {keras:,}, as its cells have one bias vector a gate, and these "
        "have two, which are added"
    )


def _vocabulary(info: LanguageInfo) -> str:
    shown = " ".join(map(_visible, info.tokens.symbols[:_SHOWN_TOKENS]))
    more = " ..." if len(info.tokens) > _SHOWN_TOKENS else ""
    return f"{len(info.tokens)}: {shown}{more}"


def _visible(token: str) -> str:
    return repr(token) if token.isspace() else token


def _history(provenance: dict[str, Any]) -> list[tuple[str, str]]:
    """Where a model comes from, as far as that is known."""
    lines = []
    metrics, text = provenance.get("metrics", {}), provenance.get("training_data", {})
    if "valid_perplexity" in metrics:
        lines.append(("perplexity", f"{metrics['valid_perplexity']:.4g} a token, validation text"))
    if "train_loss" in metrics:
        lines.append(("training loss", f"{metrics['train_loss']:.3f}, epoch {metrics['epoch']}"))
    if text:
        lines.append(("training text", f"{text['sentences']} sentences, {text['tokens']} tokens"))
    skipped = ("metrics", "training_data", "config")
    lines += [(key, str(value)) for key, value in provenance.items() if key not in skipped]
    for section, settings in provenance.get("config", {}).items():
        lines.append((section, ", ".join(f"{key} {value}" for key, value in settings.items())))
    return lines
