"""Numbers of a made-up numbering plan, to teach a language model and to be said.

Seven digits: one of twelve area codes of three, then four that may be any.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from speechrnn.corpora.fsdd import DIGITS

_CODES = 12
_PARTS = {"train": 3000, "valid": 300, "said": 600}  # numbers in each, no number in two


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for train.txt, …")
    options = parser.parse_args()

    random = np.random.default_rng(0)
    codes = random.choice(1000, _CODES, replace=False)
    plan = [10_000 * int(code) + rest for code in codes for rest in range(10_000)]
    drawn = iter(random.permutation(plan)[: sum(_PARTS.values())])
    options.out.mkdir(parents=True, exist_ok=True)
    for part, count in _PARTS.items():
        lines = [spoken(int(next(drawn))) for _ in range(count)]
        text = "".join(f"{line}\n" for line in lines)
        (options.out / f"{part}.txt").write_text(text, encoding="utf-8")


def spoken(number: int) -> str:
    """A number of seven digits in words."""
    return " ".join(DIGITS[int(digit)] for digit in f"{number:07d}")


if __name__ == "__main__":
    main()
