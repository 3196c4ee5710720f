"""Speech Commands: the public archives are fetched, checked and unpacked."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.corpora.speech_commands import archives, download
from speechrnn.errors import DataError


def archive_of(folder: Path) -> bytes:
    """As Google packs it: no folder above, and a dot before each name."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.add(folder, arcname=".")
    return file.getvalue()


@pytest.mark.parametrize("test_set", [False, True])
def test_the_archive_is_fetched_checked_and_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test_set: bool
) -> None:
    corpus = tmp_path / "tiny"
    for word in ("yes", "bed", "_silence_" if test_set else "_background_noise_"):
        (corpus / word).mkdir(parents=True)
        write_wav(corpus / word / "0a1b2c3d_nohash_0.wav", np.full(800, 0.1), 16000)
    host = tmp_path / "host"
    host.mkdir()
    name = f"speech_commands_{'test_set_' * test_set}v0.01"
    content = archive_of(corpus)
    (host / f"{name}.tar.gz").write_bytes(content)
    target = tmp_path / "downloads/corpus"
    with pytest.raises(DataError, match=r"has the checksum .*…, expected .*…; it was removed"):
        download(target, "0.01", test_set=test_set, host=host.as_uri())
    assert not list(target.parent.iterdir())  # the next call gets it again
    monkeypatch.setitem(archives.CHECKSUMS, name, hashlib.sha256(content).hexdigest())
    assert download(target, "0.01", test_set=test_set, host=host.as_uri()) == target
    assert [path.name for path in target.parent.iterdir()] == ["corpus"]
    assert files_below(target) == files_below(corpus)
    (host / f"{name}.tar.gz").unlink()
    assert download(target, "0.01", test_set=test_set, host=host.as_uri()) == target  # there


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="holds something else"):
        download(tmp_path, host="http://127.0.0.1:9")
