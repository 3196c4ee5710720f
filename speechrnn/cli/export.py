"""`speechrnn export`: trained experiments in, one model file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    experiment: Annotated[
        list[Path],
        typer.Option(
            help="Directory that 'speechrnn train' left; repeatable: what the networks hold likely "
            "is averaged."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Model file to write, .onnx.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Store weights in 8 bits: a quarter of the size.")
    ] = False,
) -> None:
    """Write a trained recogniser as one file and check it against the network."""
    from speechrnn.export.model_file import export_model
    from speechrnn.export.provenance import read_provenance
    from speechrnn.models.average import AverageModel
    from speechrnn.training.checkpoint import load_experiment

    networks = [load_experiment(path) for path in experiment]
    model = networks[0] if len(networks) == 1 else AverageModel(networks)
    report = export_model(model, out, read_provenance(experiment), int8)
    rounded = " with its weights rounded" if int8 else ""
    print(
        f"{out}: {report.num_parameters:,} parameters, {report.file_bytes / 1e6:.2f} MB, "
        f"differs from the network{rounded} by at most {report.max_difference:.1e}"
    )
