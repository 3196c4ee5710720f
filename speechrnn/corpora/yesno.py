"""yesno: one speaker says the Hebrew words for yes and no, eight at a time, 8 kHz.

OpenSLR-1, the corpus of Kaldi's smallest recipe: https://www.openslr.org/1/.
"""

from __future__ import annotations

import re
from pathlib import Path

from speechrnn.corpora.digest import check_digest, digest_of
from speechrnn.corpora.download import Progress, fetch_checked, no_progress
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.datadir.speakers import check_disjoint
from speechrnn.errors import DataError

URL = "https://www.openslr.org/resources/1/waves_yesno.tar.gz"
# Of the samples, see `speechrnn.corpora.digest`: the archive has been packed anew before.
DIGEST = "7b0813cacc4b240e481db7e8b43d4e57f04c983d5a03b773a29c86a8b74f29a3"
SPEAKER = "global"  # as Kaldi calls them
WORDS = {"0": "no", "1": "yes"}
_NAME = re.compile(r"[01](?:_[01])*\.wav")


def download(target: str | Path, *, url: str = URL, progress: Progress = no_progress) -> Path:
    """Get the corpus from OpenSLR; an interrupted call is gone on with.

    Args:
        target: Its folder; left alone where it holds the corpus already.
        url: Archive to get.
        progress: Called with bytes done and, where the server tells, in all.

    Returns:
        `target`.

    Raises:
        DataError: The transfer broke off, the archive is unsafe, or its recordings are not those
            that they should be.
    """
    target = Path(target)
    if any(target.glob("*.wav")):
        _verify(target)
        return target
    return fetch_checked(url, target, _verify, progress)


def digest(source: str | Path) -> str:
    """Of the corpus, see `speechrnn.corpora.digest`."""
    return digest_of(_recordings(source))


def read_corpus(source: str | Path) -> list[Utterance]:
    """The utterances, sorted by name; the words are in it: 1 is yes, 0 is no.

    Args:
        source: Folder of the recordings.

    Raises:
        DataError: No recordings there, or a file of another name.
    """
    utterances = []
    for path in sorted(_recordings(source)):
        if not _NAME.fullmatch(path.name):
            raise DataError(f"{path}: expected a name such as 1_0_0_1_1_0_1_0.wav; remove the file")
        name = f"{SPEAKER}-{path.stem}"
        text = " ".join(WORDS[digit] for digit in path.stem.split("_"))
        utterances.append(Utterance(name, path.absolute(), SPEAKER, text, name))
    return utterances


def prepare(
    source: str | Path, target: str | Path, *, allow_shared_speakers: bool = False
) -> dict[str, int]:
    """Write `target/{train,test}`: every other recording each, in order of their names.

    That is the split of lhotse and icefall, 30 recordings each, and the first one is trained on.
    Kaldi trains on the first half of the list and tests on the second.

    Args:
        source: Folder of the recordings.
        target: Where data directories go.
        allow_shared_speakers: Must be set: there is one speaker.

    Returns:
        How many utterances each directory holds.

    Raises:
        DataError: Fewer than two recordings, a file of another name, or shared speakers unasked.
    """
    utterances = read_corpus(source)
    if len(utterances) < 2:
        raise DataError(f"{source}: holds one recording; two are the fewest to train and test on")
    if not allow_shared_speakers:
        check_disjoint("train", {SPEAKER}, "test", {SPEAKER})
    parts = {"train": utterances[::2], "test": utterances[1::2]}
    for part, its in parts.items():
        write_datadir(Path(target) / part, its)
    return {part: len(its) for part, its in parts.items()}


def _recordings(source: str | Path) -> list[Path]:
    paths = list(Path(source).glob("*.wav"))
    if not paths:
        raise DataError(
            f"{source}: holds no recordings such as 1_0_0_1_1_0_1_0.wav; name the folder of the "
            "corpus, or get it with 'speechrnn download yesno'"
        )
    return paths


def _verify(folder: Path) -> None:
    check_digest(folder, _recordings(folder), DIGEST)
