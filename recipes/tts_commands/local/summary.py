"""Print one line for each evaluation: how many commands were heard, how many other words rejected.

Usage: summary.py EVALUATIONS
"""

import json
import sys
from pathlib import Path

from speechrnn.evaluation.metrics import Rate
from speechrnn.vocabulary import NON_WORDS, UNKNOWN

WHO = {
    "test": "voices never trained on",
    "test_espeak": "an engine never trained on (espeak)",
    "test_flite": "an engine never trained on (flite)",
    "test_festival": "an engine never trained on (festival)",
    "real": "real recordings",
}


def main() -> None:
    """Read each `scores.json`."""
    paths = Path(sys.argv[1]).glob("*/scores.json")
    for path in sorted(paths, key=lambda path: list(WHO).index(path.parent.name)):
        words = json.loads(path.read_text(encoding="utf-8"))["words"]
        commands = [word["recall"] for name, word in words.items() if name not in NON_WORDS]
        heard = Rate(sum(c["hits"] for c in commands), sum(c["total"] for c in commands))
        low, high = heard.interval
        line = f"{WHO[path.parent.name]}: {heard.share:.1%} of {heard.total} commands heard right"
        line += f" (95% interval {low:.1%} to {high:.1%})"
        other = words.get(UNKNOWN, {}).get("recall", {})
        if other.get("total"):
            line += f"; {other['share']:.0%} of {other['total']} other words rejected"
        print(line)
        print(f"  {path.parent / 'report.html'}")


if __name__ == "__main__":
    main()
