"""`speechrnn data shard`: a corpus, decoded, as files to read one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def shard(
    directories: Annotated[
        list[Path], typer.Argument(help="Kaldi data directories.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder of shards to make.")],
    rate: Annotated[int, typer.Option(min=1000, help="Sample rate, Hz.")] = 16000,
    clips: Annotated[int, typer.Option(min=1, help="Clips of a shard.")] = 8192,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask cluster that decodes; none: this machine.")
    ] = None,
) -> None:
    """Decode data into shards, for a corpus larger than memory; goes on where it was broken off."""
    from speechrnn.cli.counting import counting
    from speechrnn.datadir import index_datadirs
    from speechrnn.shards.cluster import executors
    from speechrnn.shards.folder import make_shards

    utterances = index_datadirs([path.absolute() for path in directories])
    with (
        executors(scheduler)(len(utterances)) as executor,
        counting(f"decode into {out}", len(utterances)) as step,
    ):
        made = make_shards(utterances, out.absolute(), rate, executor, step, clips)
    for fault in made.faults:
        print(f"left out: {fault}")
    hours = made.samples / rate / 3600
    print(
        f"{out}: {len(made.names)} shards, {sum(made.clips)} clips of {len(made.speakers)} "
        f"speakers, {hours:.2f} h"
    )
