"""Writing what was measured of a model into its file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import ModelError
from speechrnn.runtime.model_file import METADATA_KEY, open_model, parse_metadata


def write_operating_point(path: str | Path, point: OperatingPoint | None) -> None:
    """Replace a model file's operating point; graph and weights stay as they are.

    The file is whole at every moment: either the old one or the new one.

    Args:
        path: A file that `speechrnn export` wrote.
        point: With a threshold for each word of the model; none: not calibrated.

    Raises:
        ModelError: The file is no model, or cannot be written; or onnx is not installed.
    """
    _write(path, {"operating_point": point.as_metadata() if point else None})


def write_confidence(
    path: str | Path, confidence_map: ConfidenceMap | None, acceptances: Mapping[str, Acceptance]
) -> None:
    """Replace what makes a model's confidences probabilities, and when sentences count.

    Args:
        path: As for `write_operating_point`.
        confidence_map: Of words; none: not calibrated.
        acceptances: By the digest of each grammar.

    Raises:
        ModelError: As there.
    """
    _write(
        path,
        {
            "confidence_map": confidence_map.as_metadata() if confidence_map else None,
            "acceptances": {digest: its.as_metadata() for digest, its in acceptances.items()},
        },
    )


def _write(path: str | Path, changes: Mapping[str, Any]) -> None:
    try:
        import onnx
    except ImportError:
        raise ModelError(
            "onnx is not installed, and without it no model file can be changed; "
            "pip install 'speechrnn[calibrate]'"
        ) from None
    open_model(path)
    path = Path(path).resolve()  # a link stays one
    proto = onnx.load(path, load_external_data=False)
    entry = next(entry for entry in proto.metadata_props if entry.key == METADATA_KEY)
    tree = {**json.loads(entry.value), **changes}
    entry.value = json.dumps(tree, ensure_ascii=False, allow_nan=False)
    parse_metadata(entry.value, path, path.stat().st_size)
    part = path.with_name(path.name + ".part")
    try:
        try:
            with open(part, "wb") as file:
                file.write(proto.SerializeToString())
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(path, part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as fault:
        raise ModelError(
            f"{path}: cannot be written ({fault.strerror}); make room or give yourself the right "
            "to write there"
        ) from None
