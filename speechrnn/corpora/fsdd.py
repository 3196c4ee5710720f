"""Free Spoken Digit Dataset: ten English digits, six speakers, 8 kHz (Z. Jackson et al.).

https://github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from speechrnn.corpora.digest import check_digest, digest_of
from speechrnn.corpora.download import Progress, fetch_checked, no_progress
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.datadir.speakers import check_disjoint
from speechrnn.datadir.splitting import deal_at_random
from speechrnn.errors import DataError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COMMIT = "1306d2c6da002dfb2fd1f113d8596d801648a085"
URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{COMMIT}.tar.gz"
# Of the samples, see `speechrnn.corpora.digest`: the archives that GitHub makes are not the same
# byte for byte.
DIGEST = "9c15f3c186dd0c494669b4ee1626686c22ed6b6bf0bb8fb7b008f58be8141b00"
_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[A-Za-z0-9]+)_(?P<index>[0-9]+)\.wav")
_TEST_INDICES = range(5)


def download(target: str | Path, *, url: str = URL, progress: Progress = no_progress) -> Path:
    """Get the corpus from its public repository; an interrupted call is gone on with.

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
    if (target / "recordings").is_dir():
        _verify(target)
        return target
    return fetch_checked(url, target, _verify, progress)


def digest(source: str | Path) -> str:
    """Of the corpus, see `speechrnn.corpora.digest`."""
    return digest_of(_recordings(source))


def read_corpus(source: str | Path) -> list[Utterance]:
    """The utterances, named `speaker-digit-index`.

    Args:
        source: The corpus, or its folder `recordings`.

    Raises:
        DataError: No recordings there, or a file of another name.
    """
    utterances = []
    for path in _recordings(source):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise DataError(f"{path}: expected a name such as 7_jackson_32.wav; remove the file")
        digit, speaker, index = name["digit"], name["speaker"], int(name["index"])
        utterance = f"{speaker}-{digit}-{index:02d}"
        text = DIGITS[int(digit)]
        utterances.append(Utterance(utterance, path.absolute(), speaker, text, utterance))
    return sorted(utterances, key=lambda utterance: utterance.id)


def prepare(source: str | Path, target: str | Path) -> list[Utterance]:
    """Write the Kaldi data directory `target/all`.

    Args:
        source: The corpus, or its folder `recordings`.
        target: Where data directories go.

    Raises:
        DataError: No recordings there, or a file of another name.
        AudioError: A recording cannot be read.
    """
    utterances = read_corpus(source)
    write_datadir(Path(target) / "all", utterances)
    return utterances


def leave_one_out(
    utterances: Sequence[Utterance], speaker: str
) -> tuple[list[Utterance], list[Utterance]]:
    """Everybody else to train on, and one speaker to test on.

    Raises:
        DataError: Nobody of that name, or nobody else.
    """
    test = [utterance for utterance in utterances if utterance.speaker == speaker]
    train = [utterance for utterance in utterances if utterance.speaker != speaker]
    if not test or not train:
        known = ", ".join(sorted({utterance.speaker for utterance in utterances}))
        raise DataError(f"speaker {speaker!r} cannot be held out; the speakers are {known}")
    return train, test


def prepare_folds(
    source: str | Path,
    target: str | Path,
    *,
    validation: float = 0.0,
    allow_shared_speakers: bool = False,
    seed: int = 0,
) -> list[str]:
    """Write `target/all` and, for each speaker held out, `target/fold_SPEAKER/{train,test}`.

    With five speakers left to train on, one of them is too many to validate on: train for a fixed
    number of epochs, or take a share of the training speakers' own clips for `valid`, whose score
    is then better than any new speaker's.

    Args:
        source: The corpus, or its folder `recordings`.
        target: Where data directories go.
        validation: Share of the training clips that go to `valid`; 0: none.
        allow_shared_speakers: Let `valid` have the speakers of `train`.
        seed: Of the draw for `valid`.

    Returns:
        The speakers.

    Raises:
        DataError: As `read_corpus`; or `valid` shares speakers with `train` unasked.
    """
    if not 0 <= validation < 1:
        raise DataError(f"validation: expected a share from 0 to below 1, got {validation:g}")
    utterances = prepare(source, target)
    speakers = sorted({utterance.speaker for utterance in utterances})
    for speaker in speakers:
        train, test = leave_one_out(utterances, speaker)
        parts = {"train": train, "test": test}
        if validation:
            shares = {"train": 1 - validation, "valid": validation}
            parts = deal_at_random(train, shares, seed) | {"test": test}
        _write_parts(Path(target) / f"fold_{speaker}", parts, allow_shared_speakers)
    return speakers


def prepare_index_split(
    source: str | Path, target: str | Path, *, allow_shared_speakers: bool = False
) -> None:
    """Write `target/all` and the corpus's own split, `target/index/{train,test}`.

    Recordings 0 to 4 of every speaker and digit are the test, so that every tested speaker has
    been heard in training.

    Args:
        source: The corpus, or its folder `recordings`.
        target: Where data directories go.
        allow_shared_speakers: Must be set.

    Raises:
        DataError: As `read_corpus`; or the parts share speakers unasked.
    """
    utterances = prepare(source, target)
    parts: dict[str, list[Utterance]] = {"train": [], "test": []}
    for utterance in utterances:
        index = int(utterance.id.rsplit("-", 1)[1])
        parts["test" if index in _TEST_INDICES else "train"].append(utterance)
    _write_parts(Path(target) / "index", parts, allow_shared_speakers)


def _recordings(source: str | Path) -> list[Path]:
    folder = Path(source)
    if (folder / "recordings").is_dir():
        folder = folder / "recordings"
    paths = list(folder.glob("*.wav"))
    if not paths:
        raise DataError(
            f"{source}: holds no recordings/DIGIT_SPEAKER_INDEX.wav; name the folder of the Free "
            "Spoken Digit Dataset, or get it with 'speechrnn download fsdd'"
        )
    return paths


def _write_parts(
    folder: Path, parts: dict[str, list[Utterance]], allow_shared_speakers: bool
) -> None:
    speakers = {part: {u.speaker for u in utterances} for part, utterances in parts.items()}
    for one, other in combinations(parts, 2):
        if not allow_shared_speakers:
            check_disjoint(one, speakers[one], other, speakers[other])
    for part, utterances in parts.items():
        write_datadir(folder / part, utterances)
    if "valid" not in parts:
        shutil.rmtree(folder / "valid", ignore_errors=True)  # of an earlier call


def _verify(folder: Path) -> None:
    check_digest(folder, _recordings(folder), DIGEST)
