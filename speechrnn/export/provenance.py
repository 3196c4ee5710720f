"""Where an exported model comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from speechrnn.training.checkpoint import read_checkpoint


def read_provenance(experiments: Sequence[str | Path]) -> dict[str, Any]:
    """What experiment directories tell about their best models, as plain JSON values.

    Args:
        experiments: Directories that training left behind.

    Returns:
        What the first tells; behind several, a list `others` of what the others do.

    Raises:
        ModelError: No checkpoint there, or a damaged one.
    """
    first, *others = (_told(Path(experiment)) for experiment in experiments)
    return first | ({"others": others} if others else {})


def _told(experiment: Path) -> dict[str, Any]:
    facts = read_checkpoint(experiment / "best.safetensors").facts
    try:
        environment = json.loads((experiment / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        environment = {}  # a model is worth exporting without it
    names = ("speechrnn", "git_commit", "torch", "seed")
    return {
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **{name: environment.get(name) for name in names},
        "training_data": facts.get("training_data", {}),
        "compression": facts.get("compression", []),
        "metrics": facts.get("best") or {},
    }
