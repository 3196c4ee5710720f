"""Who says what: voices dealt out so that no split hears another's, utterances drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.corpora.tts.prompt import ENGINES, Prompt, Voice
from speechrnn.errors import DataError
from speechrnn.vocabulary import UNKNOWN

# Of the espeak voices to train on, English in the sounds of another language.
_FOREIGN_SHARE = 1 / 3
_RATES_WPM = (110, 261)
_CUTS_DB = (20.0, 50.0)  # how far below the loudest sound an endpointer might cut
_SAYINGS = {"espeak": 1, "flite": 15, "festival": 20}  # a word and voice, in training


@dataclass(frozen=True)
class Said:
    """A planned utterance: its class and what makes its sound."""

    utterance: str
    speaker: str
    text: str
    prompt: Prompt


def deal_voices(
    installed: Mapping[str, Any],
    engines: Sequence[str],
    hold_out: str | None,
    voices: int,
    generator: np.random.Generator,
) -> dict[str, list[Voice]]:
    """Voices of each split; no voice and no espeak variant is in two of them.

    Args:
        installed: The worker's answer to `voices`.
        engines: Engines to use.
        hold_out: An engine heard only in a test split of its own, `test_<engine>`.
        voices: espeak voices to train on.
        generator: Source of all randomness.
    """
    splits: dict[str, list[Voice]] = {"train": [], "valid": [], "test": []}
    for engine in engines:
        if engine == "espeak":
            dealt = _deal_espeak(installed, voices, generator)
        else:
            dealt = {"train": [Voice(engine, name) for name in installed[engine]]}
        if engine == hold_out:
            every = [voice for split in dealt.values() for voice in split]
            splits[f"test_{engine}"] = every[:40]
        else:
            for split, dealt_voices in dealt.items():
                splits[split] += dealt_voices
    return splits


def _deal_espeak(
    installed: Mapping[str, Any], voices: int, generator: np.random.Generator
) -> dict[str, list[Voice]]:
    """Throats (espeak's variants) are dealt out; accents are not, since a word is another in each.

    Lancashire's "up" is most others' "off": a network can only know what it has heard.
    """
    english = sorted(str(accent) for accent in installed["accents"])
    mixed = [str(variant) for variant in generator.permutation(sorted(installed["variants"]))]
    fifth = len(mixed) // 5
    foreign = round(voices * _FOREIGN_SHARE)
    of_train = mixed[2 * fifth :]
    return {
        "test": _pair(english, mixed[:fifth], max(2, voices // 5), generator),
        "valid": _pair(english, mixed[fifth : 2 * fifth], max(2, voices // 5), generator),
        "train": _pair(english, of_train, voices - foreign, generator)
        + _pair(installed["foreign_accents"], of_train, foreign, generator),
    }


def _pair(
    accents: Sequence[str], variants: Sequence[str], count: int, generator: np.random.Generator
) -> list[Voice]:
    every = [Voice("espeak", f"{accent}+{variant}") for accent in accents for variant in variants]
    return [every[i] for i in generator.permutation(len(every))[:count]]


def draw_prompts(
    split: str,
    voices: Sequence[Voice],
    keywords: Sequence[str],
    others: Mapping[str, float],
    other_share: float,
    audio: Path,
    generator: np.random.Generator,
) -> list[Said]:
    """Every utterance of a split, engines one after another.

    Args:
        split: Its name; training hears engines with few voices more often.
        voices: Who speaks.
        keywords: Said by every voice.
        others: Words of the class `_unknown_` and how far each is from a keyword, between 0 and
            1; may be empty. Training hears near misses above all; elsewhere there are twice as many
            as of a keyword.
        other_share: In training, utterances of other words against those of all keywords.
        audio: Where the WAV files go.
        generator: Source of all randomness.
    """
    words = list(others)
    chances = np.ones(len(words))
    if split == "train":  # near misses more often
        chances = np.maximum(np.array(list(others.values())), 0.2) ** -1.0
    drawn_others = len(keywords) * other_share if split == "train" else 2
    drawn: list[Said] = []
    for engine in ENGINES:
        of_engine = [voice for voice in voices if voice.engine == engine]
        sayings = (
            _SAYINGS[engine] if split == "train" else max(2, min(8, 80 // max(1, len(of_engine))))
        )
        pairs = [
            (voice, word, word) for voice in of_engine for word in keywords for _ in range(sayings)
        ]
        if words and pairs:
            count = round(len(pairs) / len(keywords) * drawn_others)
            said = generator.choice(len(words), count, p=chances / chances.sum())
            speakers = generator.integers(0, len(of_engine), count)
            pairs += [
                (of_engine[v], UNKNOWN, words[w]) for v, w in zip(speakers, said, strict=True)
            ]
        pairs.sort(key=lambda pair: pair[0].name)
        for number, (voice, label, words_said) in enumerate(pairs):
            drawn.append(_draw(number, voice, label, words_said, audio / split, generator))
    return drawn


def _draw(
    number: int,
    voice: Voice,
    label: str,
    words: str,
    folder: Path,
    generator: np.random.Generator,
) -> Said:
    slug = "".join(c if c.isascii() and c.isalnum() else "_" for c in label.casefold()).strip("_")
    utterance = f"{voice.speaker}-{slug or 'word'}-{number:05d}"
    prompt = Prompt(
        path=str(folder / voice.speaker / f"{utterance}.wav"),
        text=words,
        engine=voice.engine,
        voice=voice.name,
        rate_wpm=int(generator.integers(*_RATES_WPM)),
        pitch=int(generator.integers(20, 81)),
        pitch_range=int(generator.integers(20, 91)),
        volume=int(generator.integers(50, 101)),
        margin_ms=float(np.round(generator.uniform(20.0, 50.0), 1)),
        cut_db=float(np.round(generator.uniform(*_CUTS_DB), 1)),
    )
    return Said(utterance, voice.speaker, label, prompt)


def check_engines(
    engines: Sequence[str], hold_out: str | None, installed: Mapping[str, Any]
) -> None:
    """Refuse engines that don't exist, that are not installed, or that leave nothing to train on.

    Raises:
        DataError: With the names that could be given instead.
    """
    for engine in (*engines, *([hold_out] if hold_out else [])):
        if engine not in ENGINES:
            raise DataError(f"--engines: no engine {engine!r}; there are {', '.join(ENGINES)}")
        if engine != "espeak" and not installed[engine]:
            raise DataError(f"--engines: {engine} is not installed; install it or leave it out")
    if hold_out and hold_out not in engines:
        raise DataError(f"--hold-out-engine: {hold_out} is not among the engines in use")
    if not set(engines) - {hold_out}:
        raise DataError("--hold-out-engine: nothing is left to train on; use two engines or more")
