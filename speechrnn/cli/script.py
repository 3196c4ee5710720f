"""What a script of a recipe has in common with the program: how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from speechrnn.errors import SpeechRNNError

_INTERRUPTED = 130


def run_script(main: Callable[[], None]) -> None:
    """Run a script; a fault is one line on standard error and exit code 2."""
    name = Path(sys.argv[0]).name
    try:
        main()
    except SpeechRNNError as fault:
        print(f"{name}: {fault}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(_INTERRUPTED)
