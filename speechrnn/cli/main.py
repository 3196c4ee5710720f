"""The `speechrnn` program: its commands, and how faults reach the terminal."""

from __future__ import annotations

import sys

import click
import typer

from speechrnn.errors import SpeechRNNError

app = typer.Typer(
    name="speechrnn",
    help="Recordings, or only a word list, in; a small speech-command recogniser out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Run the program; every fault is one line on standard error and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except SpeechRNNError as fault:
        _stop(str(fault), 2)
    except click.UsageError as fault:
        _stop(f"{fault.format_message()} See '{_command(fault)} --help'.", 2)
    except (KeyboardInterrupt, click.Abort):
        _stop("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    sys.exit(code or 0)


def _command(fault: click.UsageError) -> str:
    return fault.ctx.command_path if fault.ctx else "speechrnn"


def _stop(message: str, code: int) -> None:
    print(f"speechrnn: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
