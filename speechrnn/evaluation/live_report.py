"""Files about a live trial: figures as JSON, the DET curve as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speechrnn.evaluation.det import DetCurve
from speechrnn.evaluation.live_scores import LiveScores
from speechrnn.evaluation.plots import det_png


def write_live_report(
    directory: Path,
    name: str,
    record: Mapping[str, Any],
    scores: LiveScores,
    curve: DetCurve | None,
    budget_per_hour: float | None = None,
) -> None:
    """Write `NAME.json`, and `det.png` where there were negatives.

    Args:
        directory: Where to; made if missing.
        name: Of the JSON file.
        record: What stands in it.
        scores: At the operating point.
        curve: On which it lies; none where there were no negatives.
        budget_per_hour: Drawn as a limit.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    if curve is not None and (alarms := scores.all_alarms):
        picture = det_png(curve, scores.all_misses, alarms, budget_per_hour)
        (directory / "det.png").write_bytes(picture)
