"""A process that speaks one batch: `python -m speechrnn.corpora.tts.worker`.

It reads one JSON request on standard input and answers in JSON lines. Synthesisers written in C
live and die in it, and each batch gets a fresh one: espeak's voices carry random states from one
utterance to the next, so that what they said before changes what they say now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from speechrnn.corpora.tts import espeak, festival, flite
from speechrnn.corpora.tts.prompt import Prompt
from speechrnn.errors import DataError

SAMPLE_RATE_HZ = 16000
_SPEAK = {"espeak": espeak.speak, "flite": flite.speak, "festival": festival.speak}


def answer(request: dict[str, Any]) -> Iterator[Any]:
    """The answers to a request, each fit for JSON.

    `{"ask": "voices"}`: one, the accents and variants of espeak and the voices of the others.
    `{"ask": "phonemes", "texts": [...], "accents": [...]}`: a list a text, one entry an accent.
    `{"ask": "speak", "prompts": [...]}`: one number a prompt, the samples that it became.
    """
    if request["ask"] == "voices":
        engine = espeak.Espeak()
        yield {
            "accents": engine.accents(),
            "foreign_accents": engine.foreign_accents(),
            "variants": engine.variants(),
            "flite": flite.voices(),
            "festival": festival.voices(),
        }
    elif request["ask"] == "phonemes":
        engine = espeak.Espeak()
        for text in request["texts"]:
            yield [engine.phonemes(text, accent) for accent in request["accents"]]
    else:
        prompts = [Prompt(**fields) for fields in request["prompts"]]
        for prompt, (wave, rate_hz) in zip(
            prompts, _SPEAK[prompts[0].engine](prompts), strict=True
        ):
            trimmed = trim(_resample(wave, rate_hz), prompt.margin_ms, prompt.cut_db)
            if prompt.path and len(trimmed):
                Path(prompt.path).parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(prompt.path, trimmed, SAMPLE_RATE_HZ, subtype="PCM_16")
            yield len(trimmed)


def trim(wave: NDArray[np.float32], margin_ms: float, cut_db: float) -> NDArray[np.float32]:
    """Cut the silence around speech down to a margin; too little sound becomes none.

    Args:
        wave: (S,) at 16 kHz.
        margin_ms: What to leave, or to add, on either side.
        cut_db: How far below the loudest sample the edges may be cut.
    """
    loudest = float(np.abs(wave).max(initial=0.0))
    audible = np.flatnonzero(np.abs(wave) > loudest * 10.0 ** (-cut_db / 20.0))
    if loudest < 1e-3 or audible[-1] - audible[0] < SAMPLE_RATE_HZ // 20:
        return np.zeros(0, np.float32)
    margin = round(margin_ms * SAMPLE_RATE_HZ / 1000)
    padded = np.pad(wave, margin)
    return padded[audible[0] : audible[-1] + 1 + 2 * margin]


def _resample(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    if rate_hz == SAMPLE_RATE_HZ or not len(wave):
        return wave
    resampled: NDArray[np.float32] = soxr.resample(wave, rate_hz, SAMPLE_RATE_HZ)
    return resampled


def main() -> None:
    """Answer the request on standard input; a fault is an answer too."""
    out = sys.stdout
    try:
        for reply in answer(json.load(sys.stdin)):
            out.write(json.dumps(reply) + "\n")
            out.flush()
    except DataError as fault:
        out.write(json.dumps({"fault": str(fault)}) + "\n")


if __name__ == "__main__":
    main()
