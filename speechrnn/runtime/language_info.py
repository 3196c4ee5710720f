"""What a language model's file says about itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime as ort

from speechrnn.errors import ModelError
from speechrnn.runtime.model_file import open_file
from speechrnn.runtime.tokens import Tokens

FORMAT_VERSION = 1
METADATA_KEY = "speechrnn_lm"
_MAKER = "speechrnn lm train"


@dataclass(frozen=True)
class LanguageInfo:
    """What the metadata of a recurrent language model's file say.

    Attributes:
        path: The file.
        file_bytes: Its size.
        format_version: Version of the graph's interface.
        tokens: What the model reads.
        cell: Of its recurrent layers.
        states: What it carries from token to token: names and sizes.
        num_parameters: Trained numbers in the file.
        keras_parameters: How many Keras counts in the same network; None in files of before.
        provenance: When, from what and by which versions it was made.
    """

    path: Path
    file_bytes: int
    format_version: int
    tokens: Tokens
    cell: str
    states: dict[str, int]
    num_parameters: int
    keras_parameters: int | None
    provenance: dict[str, Any]


def open_language_model(path: str | Path) -> tuple[ort.InferenceSession, LanguageInfo]:
    """Load a file that `speechrnn lm train` wrote.

    Raises:
        ModelError: Missing, empty, foreign, damaged or too new.
    """
    path = Path(path)
    session, text = open_file(path, METADATA_KEY, _MAKER)
    info = _parse(text, path)
    inputs = {value.name: value.shape[-1] for value in session.get_inputs()}
    outputs = {value.name: value.shape for value in session.get_outputs()}
    if (
        inputs != {"token": "B", **info.states}
        or outputs.keys() != {"log_probs", *(f"next_{name}" for name in info.states)}
        or outputs["log_probs"][1] != len(info.tokens)
    ):
        raise ModelError(f"{path}: graph and metadata disagree; train the language model again")
    return session, info


def holds_language_model(path: str | Path) -> bool:
    """Whether a file is of the kind that `speechrnn lm train` writes."""
    try:
        open_file(Path(path), METADATA_KEY, _MAKER)
    except ModelError:
        return False
    return True


def _parse(text: str, path: Path) -> LanguageInfo:
    try:
        tree = json.loads(text)
        version = int(tree["format_version"])
        if version > FORMAT_VERSION:
            raise ModelError(
                f"{path}: format_version {version}, but this speechrnn reads up to "
                f"{FORMAT_VERSION}; upgrade speechrnn"
            )
        return LanguageInfo(
            path=path,
            file_bytes=path.stat().st_size,
            format_version=version,
            tokens=Tokens(str(tree["units"]), list(tree["tokens"])),
            cell=str(tree["cell"]),
            states={str(state["name"]): int(state["size"]) for state in tree["states"]},
            num_parameters=int(tree["num_parameters"]),
            keras_parameters=tree.get("keras_parameters"),
            provenance=dict(tree["provenance"]),
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise ModelError(
            f"{path}: damaged metadata ({type(fault).__name__}: {fault}); train the language "
            "model again"
        ) from None
