"""Where an exported model comes from."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from speechrnn.training.checkpoint import read_checkpoint


def read_provenance(experiment: str | Path) -> dict[str, Any]:
    """What an experiment directory tells about its best model, as plain JSON values.

    Args:
        experiment: A directory that training left behind.

    Raises:
        ModelError: No checkpoint there, or a damaged one.
    """
    experiment = Path(experiment)
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
