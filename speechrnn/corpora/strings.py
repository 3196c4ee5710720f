"""Connected speech out of separate words: one speaker's recordings behind one another, in noise."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechrnn.audio import audio_info, write_wav
from speechrnn.corpora.tts.noises import make_noise
from speechrnn.datadir import Utterance, load_wave, read_datadir, write_datadir
from speechrnn.errors import ConfigError, DataError

_NOISES = ("white", "pink", "brown", "hum")
_FAINTEST = 1e-9  # power of what counts as silence


@dataclass(frozen=True)
class StringPlan:
    """What strings are made like; ranges are (low, high), drawn evenly for each string or gap.

    Attributes:
        words: Recordings in a string.
        gap_ms: Before each recording and behind the last.
        snr_db: Power of the recordings over that of the noise beneath them.
        gain_db: Of the whole.
        seed: Of every draw.
    """

    words: tuple[int, int] = (3, 7)
    gap_ms: tuple[float, float] = (0.0, 400.0)
    snr_db: tuple[float, float] = (10.0, 30.0)
    gain_db: tuple[float, float] = (-12.0, 0.0)
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ConfigError: The low end is above the high one, or below what makes sense.
        """
        for name, least in (("words", 1), ("gap_ms", 0), ("snr_db", -100), ("gain_db", -100)):
            low, high = getattr(self, name)
            if not least <= low <= high:
                raise ConfigError(
                    f"strings: {name} is {low:g} to {high:g}, expected two numbers from {least} "
                    "on, the lower one first"
                )


def string_datadir(
    source: str | Path,
    target: str | Path,
    count: int,
    plan: StringPlan,
    *,
    sentences: Sequence[str] | None = None,
    on_string: Callable[[], None] = lambda: None,
) -> list[Utterance]:
    """Write a Kaldi directory of strings, each of one speaker's recordings over one noise.

    The noise is white, pink, brown or a hum. A speaker's strings depend on no other speaker. All
    recordings of a speaker, or with sentences all of a word, come once before any comes again.

    Args:
        source: Kaldi directory of separate words.
        target: Directory to write; recordings go to `target/audio`, at the rate of the source's
            first one.
        count: Strings of each speaker.
        plan: What they are like.
        sentences: What the strings say, drawn from these; none: what the recordings happen to say,
            as many as the plan says.
        on_string: Called after each string, for progress.

    Raises:
        DataError: A word of the sentences that a speaker has not said, no sentences, or target is
            source.
        AudioError: A recording cannot be read or written.
    """
    target = Path(target)
    if target.resolve() == Path(source).resolve():
        raise DataError(f"{target}: is what the strings are made of; give another directory")
    spoken: dict[str, list[Utterance]] = {}
    for utterance in read_datadir(source):
        spoken.setdefault(utterance.speaker, []).append(utterance)
    rate_hz = audio_info(next(iter(spoken.values()))[0].wav).sample_rate_hz
    audio = target / "audio"
    strings = []
    for speaker, utterances in spoken.items():
        random = np.random.default_rng((plan.seed, zlib.crc32(speaker.encode())))
        if sentences is None:
            chosen = _at_random(utterances, plan, random)
        else:
            chosen = _as_asked(utterances, sentences, random)
        for number in range(count):
            words = next(chosen)
            wave = _string([load_wave(word, rate_hz) for word in words], rate_hz, plan, random)
            name = f"{speaker}-string-{number:05d}"
            audio.mkdir(parents=True, exist_ok=True)
            write_wav(audio / f"{name}.wav", wave, rate_hz)
            text = " ".join(word.text for word in words)
            strings.append(Utterance(name, audio / f"{name}.wav", speaker, text, name))
            on_string()
    write_datadir(target, strings)
    return sorted(strings, key=lambda string: string.id)


def _at_random(
    utterances: Sequence[Utterance], plan: StringPlan, random: np.random.Generator
) -> Iterator[list[Utterance]]:
    decks = _decks(utterances, random)
    while True:
        size = random.integers(plan.words[0], plan.words[1], endpoint=True)
        yield [next(decks) for _ in range(size)]


def _as_asked(
    utterances: Sequence[Utterance], sentences: Sequence[str], random: np.random.Generator
) -> Iterator[list[Utterance]]:
    if not sentences:
        raise DataError("strings: no sentences to say; give some, or none at all for any words")
    decks = {
        word: _decks([u for u in utterances if u.text == word], random)
        for word in sorted({utterance.text for utterance in utterances})
    }
    for word in " ".join(sentences).split():
        if word not in decks:
            raise DataError(
                f"strings: {utterances[0].speaker} has no recording of {word!r}; "
                f"only of {', '.join(decks)}"
            )
    while True:
        for place in random.permutation(len(sentences)):
            yield [next(decks[word]) for word in sentences[place].split()]


def _decks(utterances: Sequence[Utterance], random: np.random.Generator) -> Iterator[Utterance]:
    """All, shuffled, again and again."""
    while True:
        for place in random.permutation(len(utterances)):
            yield utterances[place]


def _string(
    waves: Sequence[np.ndarray], rate_hz: int, plan: StringPlan, random: np.random.Generator
) -> np.ndarray:
    """(S,) float32: the recordings behind one another, noise from end to end."""
    gaps = random.uniform(*plan.gap_ms, len(waves) + 1) * rate_hz / 1000
    gap_waves = [np.zeros(round(gap), np.float32) for gap in gaps]
    parts = [part for pair in zip(gap_waves, waves, strict=False) for part in pair]
    wave = np.concatenate([*parts, gap_waves[-1]])
    power = float(np.square(np.concatenate(waves)).mean())
    noise = make_noise(str(random.choice(_NOISES)), len(wave), rate_hz, random)
    wanted = power * 10 ** (-random.uniform(*plan.snr_db) / 10)
    noise *= (wanted / max(float(np.square(noise).mean()), _FAINTEST)) ** 0.5
    gain = 10 ** (random.uniform(*plan.gain_db) / 20)
    return ((wave + noise) * gain).astype(np.float32)
