"""Fetching archives: resumable, and unpacked without leaving the target folder."""

from __future__ import annotations

import http.client
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from speechrnn import __version__
from speechrnn.errors import DataError

Progress = Callable[[int, int | None], None]

_TIMEOUT_S = 60
_BLOCK_BYTES = 1 << 16


def no_progress(done: int, total: int | None) -> None:
    """Show nothing."""


def fetch(url: str, path: str | Path, progress: Progress = no_progress) -> Path:
    """Download a file; what an interrupted call left in `PATH.part` is gone on with.

    Args:
        url: http, https.
        path: Where to; there only when it is whole.
        progress: Called with bytes done and, where the server tells, in all.

    Returns:
        `path`.

    Raises:
        DataError: No connection, a refusal, or a transfer that broke off.
    """
    path = Path(path)
    if path.exists():
        return path
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        _transfer(url, part, have, progress)
        part.replace(path)
    except urllib.error.HTTPError as fault:
        raise DataError(
            f"{url}: the server answers {fault.code} {fault.reason}; "
            "get the corpus by hand and name its folder"
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as fault:
        reason = getattr(fault, "reason", None) or fault
        raise DataError(
            f"{url}: the transfer broke off ({reason}); run the same command to go on"
        ) from None
    return path


def fetch_checked(
    url: str, target: str | Path, check: Callable[[Path], None], progress: Progress = no_progress
) -> Path:
    """Download and unpack a corpus, which appears as `target` once `check` has let it pass.

    What it stopped is kept as `TARGET.unverified`, to be looked at.

    Args:
        url: An archive with all members in one top folder.
        target: Its folder: a new or an empty one.
        check: Given a folder, raises `DataError` where it does not hold the corpus.
        progress: Called with bytes done and, where the server tells, in all.

    Returns:
        `target`.

    Raises:
        DataError: The folder holds something else, the transfer broke off, the archive is damaged
            or unsafe, or `check` raised.
    """
    target = Path(target)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise DataError(f"{target}: holds something else; choose a new folder")
    archive = target.with_name(f"{target.name}.tar.gz")
    unverified = target.with_name(f"{target.name}.unverified")
    fetch(url, archive, progress)
    shutil.rmtree(unverified, ignore_errors=True)
    try:
        unpack(archive, unverified)
    except DataError:
        archive.unlink()  # so that the next call gets it again
        raise
    archive.unlink()
    check(unverified)
    unverified.replace(target)
    return target


def unpack(archive: str | Path, target: str | Path, *, top_folders: int = 1) -> None:
    """Unpack a tar archive as `target`, which appears whole or not at all.

    Args:
        archive: May be compressed.
        target: A new folder.
        top_folders: Folders that all members lie in and that are left out: one, as in archives
            that GitHub makes.

    Raises:
        DataError: Damaged, or a member is a link or would land outside `target`.
    """
    target = Path(target)
    if target.exists():
        raise DataError(f"{target}: exists already; remove it, or choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _extract(tar, member, scratch, archive, top_folders)
        scratch.chmod(0o755)
        scratch.rename(target)
    except (tarfile.TarError, EOFError, OSError) as fault:
        raise DataError(f"{archive}: cannot be unpacked ({fault}); remove it, try again") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _transfer(url: str, part: Path, have: int, progress: Progress) -> None:
    headers = {"User-Agent": f"speechrnn/{__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S
        )
    except urllib.error.HTTPError as fault:
        if fault.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        # Nothing behind what is there: either all of it, or of another file.
        if fault.headers.get("Content-Range") != f"bytes */{have}":
            _transfer(url, part, 0, progress)
        return
    with response:
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumes else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else None
        with open(part, "ab" if resumes else "wb") as file:
            while block := response.read(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                progress(done, total)
        if total is not None and done < total:
            raise OSError(f"{done} of {total} bytes came")


def _extract(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    folder: Path,
    archive: str | Path,
    top_folders: int,
) -> None:
    parts = PurePosixPath(member.name).parts
    outside = member.name.startswith("/") or ".." in parts or "\\" in member.name
    if outside or not (member.isfile() or member.isdir()):
        raise DataError(
            f"{archive}: member {member.name!r} is a link or leads out of the folder; "
            "nothing was unpacked, do not trust this archive"
        )
    place = folder.joinpath(*parts[top_folders:])
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member)
    place.parent.mkdir(parents=True, exist_ok=True)
    if content is not None and place != folder:
        with content, open(place, "wb") as file:
            shutil.copyfileobj(content, file)
