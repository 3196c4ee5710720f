from __future__ import annotations

from pathlib import Path

import pytest

from speechrnn.datadir import Utterance, read_datadir


@pytest.fixture(scope="session")
def said(tone_words: Path) -> list[Utterance]:
    """The utterances of the tone model's words."""
    return [utterance for utterance in read_datadir(tone_words) if utterance.text != "hush"]
