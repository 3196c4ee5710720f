"""The public archives: fetched, checked, unpacked; and what the one for testing holds."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from speechrnn.corpora.download import Progress, fetch, no_progress, unpack
from speechrnn.corpora.speech_commands.clips import BACKGROUND, Clip, recordings
from speechrnn.corpora.speech_commands.silence import noise_speaker
from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.vocabulary import SILENCE, UNKNOWN

HOST = "https://storage.googleapis.com/download.tensorflow.org/data"
# SHA-256 by the archive's name.
CHECKSUMS = {
    "speech_commands_v0.01": "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    "speech_commands_v0.02": "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    "speech_commands_test_set_v0.01": (
        "baa084f6b62c91de660ff0588ae4dfc4e4d534aa99ac0e5f406cba75836cbd00"
    ),
    "speech_commands_test_set_v0.02": (
        "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df"
    ),
}
_TEST_NAME = re.compile(r"(?:(?P<word>[a-z]+)_)?(?P<speaker>[0-9a-f]+)_nohash_(?P<take>[0-9]+)")


def download(
    target: str | Path,
    version: str = "0.02",
    *,
    test_set: bool = False,
    host: str = HOST,
    progress: Progress = no_progress,
) -> Path:
    """Get the corpus, or its test set; an interrupted call is gone on with.

    Args:
        target: Its folder; left alone where it holds it already.
        version: 0.01 or 0.02.
        test_set: Get the archive of 12 classes for testing, in place of the corpus.
        host: Where the archives are.
        progress: Called with bytes done and, where the server tells, in all.

    Returns:
        `target`.

    Raises:
        DataError: The transfer broke off, the archive is another or unsafe, or the folder holds
            something else.
    """
    target = Path(target)
    if (target / (SILENCE if test_set else BACKGROUND)).is_dir():
        return target
    if target.exists():
        if not target.is_dir() or any(target.iterdir()):
            raise DataError(f"{target}: holds something else; choose a new folder")
        target.rmdir()
    name = f"speech_commands_{'test_set_' * test_set}v{version}"
    archive = fetch(f"{host}/{name}.tar.gz", target.with_name(f"{name}.tar.gz"), progress)
    _check(archive, CHECKSUMS[name])
    unpack(archive, target, top_folders=0)
    archive.unlink()
    return target


def read_test_archive(source: str | Path) -> list[Utterance]:
    """The utterances of an unpacked test set: ten commands, `_unknown_` and `_silence_`.

    Raises:
        DataError: None there, or a recording of another name.
    """
    utterances = []
    for path in recordings(source, "*/*"):
        label, stem = path.parent.name, path.name.partition(".")[0]  # some are *.wav.wav
        if label == SILENCE:
            speaker = noise_speaker("test")
            name = f"{speaker}-{stem}"
            whole = Utterance(name, path.absolute(), speaker, SILENCE, name, start_s=0.0)
        else:
            match = _TEST_NAME.fullmatch(stem)
            if match is None:
                raise DataError(
                    f"{path}: expected a name such as bed_0a7c2a8d_nohash_0.wav; get it again"
                )
            word = match["word"] or label
            whole = Clip(path, word, match["speaker"], int(match["take"])).utterance(label)
        utterances.append(whole)
    labels = {utterance.text for utterance in utterances}
    if not {SILENCE, UNKNOWN} < labels:
        raise DataError(
            f"{source}: expected folders of commands, {UNKNOWN} and {SILENCE}, as 'speechrnn "
            "download speech-commands --test-set' leaves them"
        )
    return utterances


def _check(archive: Path, expected: str) -> None:
    with open(archive, "rb") as file:
        found = hashlib.sha256()
        while block := file.read(1 << 20):
            found.update(block)
    if found.hexdigest() != expected:
        archive.unlink()  # so that the next call gets it again
        raise DataError(
            f"{archive}: has the checksum {found.hexdigest()[:12]}…, expected {expected[:12]}…; "
            "it was removed: run the same command to get it again"
        )
