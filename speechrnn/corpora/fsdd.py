"""Free Spoken Digit Dataset: ten English digits, six speakers, 8 kHz (Z. Jackson et al.).

https://github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from speechrnn.datadir import Utterance, write_datadir
from speechrnn.errors import DataError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[A-Za-z0-9]+)_(?P<index>[0-9]+)\.wav")


def prepare(source: str | Path, target: str | Path) -> list[Utterance]:
    """Write the Kaldi data directory `target/all`.

    Args:
        source: The corpus, or its folder `recordings`.
        target: Where data directories go.

    Returns:
        Its utterances, named `speaker-digit-index`.

    Raises:
        DataError: No recordings there.
    """
    utterances = read_corpus(source)
    write_datadir(Path(target) / "all", utterances)
    return utterances


def read_corpus(source: str | Path) -> list[Utterance]:
    """The corpus's utterances.

    Raises:
        DataError: No recordings there.
    """
    folder = Path(source)
    if (folder / "recordings").is_dir():
        folder = folder / "recordings"
    found = [(path, _NAME.fullmatch(path.name)) for path in sorted(folder.glob("*.wav"))]
    utterances = []
    for path, name in found:
        if name is None:
            raise DataError(f"{path}: expected a name such as 7_jackson_32.wav; remove the file")
        digit, speaker, index = name["digit"], name["speaker"], int(name["index"])
        utterance = f"{speaker}-{digit}-{index:02d}"
        text = DIGITS[int(digit)]
        utterances.append(Utterance(utterance, path.absolute(), speaker, text, utterance))
    if not utterances:
        raise DataError(
            f"{source}: holds no recordings/DIGIT_SPEAKER_INDEX.wav; give the folder of the Free "
            "Spoken Digit Dataset, or leave it out to download it"
        )
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
