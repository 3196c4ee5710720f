"""Downloads that break off, servers of all kinds, archives not to be trusted."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from speechrnn.audio import write_wav
from speechrnn.corpora import fsdd
from speechrnn.corpora.download import fetch, unpack
from speechrnn.errors import DataError

CONTENT = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    """A server whose behaviour the test sets: content, break_after, ranges, chunked, status."""
    state = SimpleNamespace(
        content=CONTENT, break_after=None, ranges=True, chunked=False, status=None, asked=[]
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.asked.append(asked)
            if state.status:
                self.send_error(state.status)
                return
            first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
            if first >= len(state.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(state.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = state.content[first:]
            self.send_response(206 if first else 200)
            if state.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = body if state.break_after is None else body[: state.break_after]
            if state.chunked:
                self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
                if sent == body:
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(sent)
            if sent != body:
                self.close_connection = True

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    state.url = f"http://127.0.0.1:{http.server_port}/corpus.tar.gz"
    yield state
    http.shutdown()
    http.server_close()


def test_a_download_tells_its_progress(server: SimpleNamespace, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = fetch(server.url, tmp_path / "new" / "a.bin", lambda *facts: told.append(facts))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    fetch(server.url, path)
    assert len(server.asked) == 1  # what is there is not fetched again


@pytest.mark.parametrize("chunked", [False, True])
def test_an_interrupted_download_goes_on(
    server: SimpleNamespace, tmp_path: Path, chunked: bool
) -> None:
    server.break_after, server.chunked = 100_000, chunked
    path = tmp_path / "a.bin"
    with pytest.raises(DataError, match=r"corpus.*broke off.*run the same command to go on"):
        fetch(server.url, path)
    assert not path.exists()
    have = (tmp_path / "a.bin.part").stat().st_size
    assert 0 < have <= 100_000
    server.break_after = None
    assert fetch(server.url, path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={have}-"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_server_without_ranges_starts_over(server: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    server.ranges = False
    assert fetch(server.url, tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_part_that_is_all_or_too_much(server: SimpleNamespace, tmp_path: Path) -> None:
    """A server answers 416 where nothing is left: the part is whole, or of another file."""
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert fetch(server.url, tmp_path / "a.bin").read_bytes() == CONTENT
    (tmp_path / "b.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(server.url, tmp_path / "b.bin").read_bytes() == CONTENT


def test_refusals(server: SimpleNamespace, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DataError, match=r"the server answers 404 .*by hand"):
        fetch(server.url, tmp_path / "a.bin")
    with pytest.raises(DataError, match="broke off"):
        fetch("http://127.0.0.1:9/nothing", tmp_path / "a.bin")
    assert not list(tmp_path.iterdir())


def archive(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_unpacking(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(archive({"top/README": b"hello", "top/a/b/c": b"deep"}))
    unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "README").read_bytes() == b"hello"
    assert (tmp_path / "out" / "a" / "b" / "c").read_bytes() == b"deep"
    with pytest.raises(DataError, match="exists already"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    "members",
    [
        {"top/../../evil": b"x"},
        {"/tmp/evil": b"x"},
        {"top\\..\\evil": b"x"},
        {"l": link("top/link", "/etc/passwd")},
        {"l": link("top/link", "../..", tarfile.SYMTYPE), "top/link/evil": b"x"},
        {"l": link("top/hard", "/etc/passwd", tarfile.LNKTYPE)},
        {"l": link("top/pipe", "", tarfile.FIFOTYPE)},
    ],
)
def test_nothing_leaves_the_target(tmp_path: Path, members: dict[str, Any]) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = folder / "a.tar.gz"
    path.write_bytes(archive({"top/good": b"x", **members}))
    with pytest.raises(DataError, match="link or leads out"):
        unpack(path, folder / "out")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar.gz", "deep", "er"]


@pytest.mark.parametrize("damage", ["cut", "no archive"])
def test_a_damaged_archive(tmp_path: Path, damage: str) -> None:
    whole = archive({f"top/{i}": CONTENT for i in range(3)})
    path = tmp_path / "a.tar.gz"
    path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else gzip.compress(b"hello"))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.fixture
def corpus_archive(tmp_path: Path) -> bytes:
    """A small corpus in the shape of GitHub's archives."""
    members: dict[str, bytes | tarfile.TarInfo] = {"fsdd-123/README.md": b"digits"}
    for digit in range(3):
        path = tmp_path / "one.wav"
        write_wav(path, np.full(4000, 0.1 * digit), 8000)
        members[f"fsdd-123/recordings/{digit}_ann_0.wav"] = path.read_bytes()
    (tmp_path / "one.wav").unlink()
    return archive(members)


def test_the_corpus_is_fetched_checked_and_left_alone(
    server: SimpleNamespace,
    corpus_archive: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.content = corpus_archive
    target = tmp_path / "fsdd"
    with pytest.raises(DataError, match=r"3 recordings have the checksum .*expected"):
        fsdd.download(target, url=server.url)
    assert not target.exists()
    # What was rejected can be looked at, and used by whoever trusts it.
    monkeypatch.setattr(fsdd, "DIGEST", fsdd.digest(tmp_path / "fsdd.unverified"))
    assert fsdd.download(target, url=server.url) == target
    assert [p.name for p in tmp_path.iterdir()] == ["fsdd"]
    assert len(fsdd.read_corpus(target)) == 3
    asked = len(server.asked)
    fsdd.download(target, url=server.url)
    assert len(server.asked) == asked
    next((target / "recordings").iterdir()).unlink()
    with pytest.raises(DataError, match="2 recordings have the checksum"):
        fsdd.download(target, url=server.url)


def test_a_damaged_corpus_archive_is_fetched_again(
    server: SimpleNamespace,
    corpus_archive: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.content = corpus_archive[:-30]
    with pytest.raises(DataError, match="cannot be unpacked"):
        fsdd.download(tmp_path / "fsdd", url=server.url)
    assert not list(tmp_path.iterdir())
    server.content = corpus_archive
    with pytest.raises(DataError, match="checksum"):
        fsdd.download(tmp_path / "fsdd", url=server.url)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(DataError, match="holds something else"):
        fsdd.download(tmp_path / "mine", url="http://127.0.0.1:9/nothing")
