"""Print one line for each evaluation: how often which words were heard right.

Usage: summary.py EVALUATIONS
"""

import json
import sys
from pathlib import Path

WHO = {
    "test": "voices never trained on",
    "test_espeak": "an engine never trained on (espeak)",
    "test_flite": "an engine never trained on (flite)",
    "test_festival": "an engine never trained on (festival)",
    "real": "real recordings",
}


def main() -> None:
    """Read each `scores.json`."""
    for path in sorted(
        Path(sys.argv[1]).glob("*/scores.json"), key=lambda p: list(WHO).index(p.parent.name)
    ):
        scores = json.loads(path.read_text(encoding="utf-8"))
        share = scores["accuracy"]
        print(
            f"{WHO[path.parent.name]}: {share['share']:.1%} right "
            f"(95% interval {share['low']:.1%} to {share['high']:.1%}, "
            f"{share['total']} utterances, {path.parent / 'report.html'})"
        )


if __name__ == "__main__":
    main()
