"""`speechrnn export`: a trained experiment in, one model file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    experiment: Annotated[Path, typer.Option(help="Directory that 'speechrnn train' left.")],
    out: Annotated[Path, typer.Option(help="Model file to write, .onnx.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Store weights in 8 bits: a quarter of the size.")
    ] = False,
) -> None:
    """Write a trained recogniser as one file and check it against the network."""
    from speechrnn.export.model_file import export_model
    from speechrnn.export.provenance import read_provenance
    from speechrnn.training.checkpoint import load_experiment

    report = export_model(load_experiment(experiment), out, read_provenance(experiment), int8)
    rounded = " with its weights rounded" if int8 else ""
    print(
        f"{out}: {report.num_parameters:,} parameters, {report.file_bytes / 1e6:.2f} MB, "
        f"differs from the network{rounded} by at most {report.max_difference:.1e}"
    )
