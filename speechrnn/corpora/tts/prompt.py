"""What a synthesiser is asked to say: which words, in which voice, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass

ENGINES = ("espeak", "flite", "festival")


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker.

    Attributes:
        engine: One of `ENGINES`.
        name: The engine's own name of the voice; espeak's is accent and variant, `en-us+f3`.
    """

    engine: str
    name: str

    @property
    def speaker(self) -> str:
        """Speaker id of letters, digits and `_`, so that ids sort as Kaldi wants them."""
        return re.sub(r"\W", "_", f"{self.engine}_{self.name}", flags=re.ASCII)


@dataclass(frozen=True)
class Prompt:
    """One utterance to make.

    Attributes:
        path: WAV file to write; "" only measures whether there is sound.
        text: The words to say.
        engine: Engine of the voice.
        voice: Name of the voice within the engine.
        rate_wpm: Words a minute; 165 is an unhurried reader.
        pitch: 0 to 100, 50 is the voice's own.
        pitch_range: 0 (monotone) to 100, espeak only.
        volume: 0 to 100, espeak only.
        margin_ms: Silence to leave on either side.
        cut_db: Sound that far below the loudest is silence at the edges. Endpointers cut weak
            consonants off as well, so 20 is not unlike them.
    """

    path: str
    text: str
    engine: str
    voice: str
    rate_wpm: int = 165
    pitch: int = 50
    pitch_range: int = 50
    volume: int = 80
    margin_ms: float = 30.0
    cut_db: float = 45.0

    @property
    def stretch(self) -> float:
        """How much longer than the voice's own pace to speak."""
        return 165.0 / self.rate_wpm

    @property
    def pitch_factor(self) -> float:
        """Frequency against the voice's own: 0.66 at pitch 20, 1.52 at pitch 80."""
        return float(2.0 ** ((self.pitch - 50) / 50.0))
