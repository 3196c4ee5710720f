"""The `speechrnn` program: its commands, and how faults reach the terminal."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from speechrnn import __version__
from speechrnn.cli import data, download, lm, prepare
from speechrnn.cli.cache import cache
from speechrnn.cli.calibrate import calibrate
from speechrnn.cli.compress import compress
from speechrnn.cli.devices import devices
from speechrnn.cli.diagnose import diagnose
from speechrnn.cli.evaluate import evaluate
from speechrnn.cli.export import export
from speechrnn.cli.info import info
from speechrnn.cli.listen import listen
from speechrnn.cli.models import models
from speechrnn.cli.record import record
from speechrnn.cli.train import train
from speechrnn.cli.transcribe import transcribe
from speechrnn.errors import SpeechRNNError

app = typer.Typer(
    name="speechrnn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(download.app, name="download")
app.add_typer(prepare.app, name="prepare")
app.add_typer(data.app, name="data")
app.add_typer(lm.app, name="lm")
app.command()(transcribe)
app.command()(info)
app.command()(models)
app.command()(listen)
app.command()(devices)
app.command()(record)
app.command()(train)
app.command()(cache)
app.command()(evaluate)
app.command()(diagnose)
app.command()(calibrate)
app.command()(compress)
app.command()(export)

# Typer brings its own copy of click or imports it, by version; its exceptions lead to either.
_UsageError: Any = typer.BadParameter.__base__
_INTERRUPTED = 130
_CALIBRATE = ("jiwer", "matplotlib", "onnx", "scipy")  # enough where nothing is trained


def _version(asked: bool) -> None:
    if asked:
        print(f"speechrnn {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show it and exit."),
    ] = False,
) -> None:
    """Recordings, or only a word list, in; a small speech-command recogniser out."""


def run() -> None:
    """Run the program; every fault is one line on standard error and exit code 2."""
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except SpeechRNNError as fault:
        _stop(str(fault), 2)
    except _UsageError as fault:
        if type(fault).__name__ == "NoArgsIsHelpError":
            print(fault.format_message())
            sys.exit(2)
        command = fault.ctx.command_path if fault.ctx else "speechrnn"
        _stop(f"{fault.format_message()} See '{command} --help'.", 2)
    except (KeyboardInterrupt, typer.Abort):
        _stop("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        # What is still buffered has no reader either: let the exit flush it into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except ModuleNotFoundError as fault:
        package = (fault.name or "").partition(".")[0]
        if package in ("", "speechrnn"):
            raise
        extra = "calibrate" if package in _CALIBRATE else "train"
        _stop(f"this needs the package {package}; pip install 'speechrnn[{extra}]'", 2)
    except OSError as fault:
        if "libtorchaudio" in str(fault):
            _stop("torch and torchaudio do not fit each other; pip install 'speechrnn[train]'", 2)
        _stop(f"{fault.filename or 'system'}: {fault.strerror or fault}", 2)
    if code == _INTERRUPTED:
        _stop("interrupted", code)
    sys.exit(code or 0)


def _stop(message: str, code: int) -> NoReturn:
    message = " ".join(message.split())
    if "TORCHELASTIC_RUN_ID" in os.environ:  # one of several processes: one of them says it
        from speechrnn.training.store import says_first

        if not says_first(message):
            sys.exit(code)
    print(f"speechrnn: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
