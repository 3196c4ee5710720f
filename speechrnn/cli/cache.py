"""`speechrnn cache`: what training decoded and keeps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def cache(
    directory: Annotated[
        Path | None, typer.Option("--cache", help="Directory; none: the user's own.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything in it.")] = False,
) -> None:
    """Show what `speechrnn train` keeps of decoded audio, or remove it."""
    from speechrnn.shards.cache import ClipCache

    kept = ClipCache(directory or default_cache())
    if clear:
        print(f"{kept.directory}: {kept.clear() / 1e6:.1f} MB removed")
        return
    entries = kept.entries()
    for path, size, used in entries:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(used))
        print(f"{path.name}  {size / 1e6:10.1f} MB  last used {day}")
    total = sum(size for _, size, _ in entries) / 1e6
    print(f"{kept.directory}: {len(entries)} lists, {total:.1f} MB")


def default_cache() -> Path:
    """The user's own cache directory."""
    import platformdirs

    return platformdirs.user_cache_path("speechrnn")
