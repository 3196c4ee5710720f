"""Speak a few words of a finished corpus in a voice that it never trained on, with pauses.

Usage: say_phrase.py CORPUS PHRASE.wav; prints what it said.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from speechrnn.audio import read_audio, write_wav
from speechrnn.corpora.tts.pool import Pool
from speechrnn.corpora.tts.prompt import Prompt

PAUSE_S = 0.4
RATE_HZ = 16000


def main() -> None:
    """Draw three words and a test voice, and write the phrase."""
    corpus, phrase = Path(sys.argv[1]), Path(sys.argv[2])
    made = json.loads((corpus / "tts.json").read_text(encoding="utf-8"))
    words = made["request"]["words"]
    voices = next(v for split, v in made["voices"].items() if split.startswith("test") and v)
    random = np.random.default_rng(made["request"]["seed"] + 1)
    said = [str(word) for word in random.permutation(words)[:3]]
    voice = voices[random.integers(len(voices))]
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    parts = [pause]
    with tempfile.TemporaryDirectory() as folder, Pool(1) as pool:
        prompts = [
            Prompt(f"{folder}/{place}.wav", word, voice["engine"], voice["name"], rate_wpm=150)
            for place, word in enumerate(said)
        ]
        pool.speak(prompts)
        for prompt in prompts:
            parts += [read_audio(prompt.path, RATE_HZ)[0], pause]
    write_wav(phrase, np.concatenate(parts), RATE_HZ)
    print(f"said: {', '.join(said)} ({voice['engine']} {voice['name']})")


if __name__ == "__main__":
    main()
