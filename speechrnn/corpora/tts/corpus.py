"""From a word list to Kaldi data directories of synthetic speech."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.audio import write_wav
from speechrnn.corpora.tts.negatives import candidates, homophones, rank_others
from speechrnn.corpora.tts.noises import KINDS, make_noise
from speechrnn.corpora.tts.phrases import draw_phrases
from speechrnn.corpora.tts.plan import Said, check_engines, deal_voices, draw_prompts
from speechrnn.corpora.tts.pool import Pool
from speechrnn.corpora.tts.prompt import ENGINES, Prompt
from speechrnn.corpora.tts.words import check_words
from speechrnn.corpora.tts.worker import SAMPLE_RATE_HZ
from speechrnn.datadir import Utterance, write_datadir
from speechrnn.errors import DataError
from speechrnn.vocabulary import SILENCE

DEFAULT_WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
MARKER = "tts.json"  # what was asked for, and whether it is all there
_MOST_OTHERS = 100.0
_ACCENTS = ("en-us", "en")  # whose pronunciation decides what sounds the same


Progress = Callable[[int, int], None]


def prepare(
    words: Iterable[str],
    target: str | Path,
    *,
    engines: Sequence[str] | None = None,
    voices: int = 300,
    hold_out_engine: str | None = None,
    rejection: bool = True,
    other_share: float = 0.4,
    other_phrases: bool = False,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Speak a word list in many voices and write `target/{train,valid,test}`.

    No voice and no espeak variant stands in two splits; flite's and festival's few voices all
    train. Same arguments on the same engines give the same files. What an earlier call
    finished is kept.

    Args:
        words: Words and phrases to recognise; each is a class.
        target: Folder to fill: WAV files under `audio`, Kaldi data directories beside it.
        engines: Some of `espeak`, `flite`, `festival`; none: all that are installed.
        voices: espeak voices to train on.
        hold_out_engine: Train without this engine and write its speech to `test_<engine>`.
        rejection: Add the classes `_unknown_` (other words) and `_silence_` (noises).
        other_share: Training utterances of other words against those of all keywords.
        other_phrases: Put phrases of two or three common words among the other words.
        seed: Of every draw.
        workers: Processes at a time; none: one a processor.
        progress: Called with utterances done and in all.

    Returns:
        Utterances in each data directory.

    Raises:
        DataError: A word is unfit, an engine is missing, or the folder holds something else.
    """
    keywords = check_words(words)
    target = Path(target)
    if voices < 1:
        raise DataError(f"--voices: expected at least 1, got {voices}")
    if not 0 <= other_share <= _MOST_OTHERS:
        raise DataError(f"--other-share: expected 0 to {_MOST_OTHERS:g}, got {other_share:g}")
    with Pool(workers) as pool:
        installed = pool.ask({"ask": "voices"})[0]
        chosen = [e for e in ENGINES if e == "espeak" or installed.get(e)]
        if engines is not None:
            chosen = [e for e in ENGINES if e in engines] + [e for e in engines if e not in ENGINES]
        check_engines(chosen, hold_out_engine, installed)
        request = {
            "words": keywords,
            "engines": chosen,
            "voices": voices,
            "hold_out_engine": hold_out_engine,
            "rejection": rejection,
            "other_share": other_share,
            "other_phrases": other_phrases,
            "seed": seed,
            "installed": installed,
        }
        kept = _finished(target, request)
        if kept is not None:
            return kept
        _check_phonemes(pool, keywords)
        spoken, others = {}, {}
        if rejection and other_share:
            spoken = _phonemes(pool, [*keywords, *candidates(keywords)])
            others = rank_others(keywords, spoken)
        _check_spoken(pool, keywords, chosen, installed)
        generator = np.random.default_rng(seed)
        dealt = deal_voices(installed, chosen, hold_out_engine, voices, generator)
        plans = {}
        for split, split_voices in dealt.items():
            split_others = _words_of(split, others)
            if other_phrases:  # of the split's own words
                split_others |= draw_phrases(list(split_others), keywords, spoken, generator)
            plans[split] = draw_prompts(
                split,
                split_voices,
                keywords,
                split_others,
                other_share,
                target / "audio",
                generator,
            )
        _start(target, request)
        everything = sorted(
            (said for plan in plans.values() for said in plan),
            key=lambda said: ENGINES.index(said.prompt.engine),
            reverse=True,  # the slow engines first, so that no worker is left with them at the end
        )
        made = pool.speak([said.prompt for said in everything], progress)
    made_sound = {said.utterance for said, samples in zip(everything, made, strict=True) if samples}
    counts = {}
    for split, plan in plans.items():
        utterances = [_utterance(said) for said in plan if said.utterance in made_sound]
        if rejection:
            silences = voices if split == "train" else max(len(KINDS), voices // 5)
            utterances += _write_silences(split, silences, target / "audio" / split, generator)
        write_datadir(target / split, utterances)
        counts[split] = len(utterances)
    voices_of = {
        split: [asdict(voice) for voice in split_voices] for split, split_voices in dealt.items()
    }
    finished = {"request": request, "complete": True, "utterances": counts, "voices": voices_of}
    _write_marker(target, finished)
    return counts


def _phonemes(pool: Pool, texts: Sequence[str]) -> dict[str, list[list[str]]]:
    request = {"ask": "phonemes", "texts": texts, "accents": list(_ACCENTS)}
    return dict(zip(texts, pool.ask(request), strict=True))


def _check_phonemes(pool: Pool, keywords: Sequence[str]) -> None:
    spoken = _phonemes(pool, keywords)
    for word in keywords:
        if not all(spoken[word]):
            raise DataError(f"--words: espeak has no sound for {word!r}; spell it as spoken")
    for group in homophones(keywords, spoken):
        alike = " and ".join(map(repr, group))
        raise DataError(f"--words: {alike} sound the same; keep one of them")


def _words_of(split: str, others: Mapping[str, float]) -> dict[str, float]:
    """Of every ten other words two are for testing and one for validation, near misses too."""
    places = {"train": (1, 2, 3, 4, 6, 7, 8), "valid": (9,)}.get(split, (0, 5))
    return {word: others[word] for place, word in enumerate(others) if place % 10 in places}


def _check_spoken(
    pool: Pool, keywords: Sequence[str], engines: Sequence[str], installed: Mapping[str, Any]
) -> None:
    first = {"espeak": "en-us"} | {e: installed[e][0] for e in engines if e != "espeak"}
    for engine in engines:
        prompts = [Prompt("", word, engine, first[engine]) for word in keywords]
        for word, samples in zip(keywords, pool.speak(prompts), strict=True):
            if not samples:
                raise DataError(
                    f"--words: {engine} makes no sound for {word!r}; spell it as spoken, "
                    "or choose other --engines"
                )


def _utterance(said: Said) -> Utterance:
    path = Path(said.prompt.path)
    return Utterance(said.utterance, path, said.speaker, said.text, said.utterance)


def _write_silences(
    split: str, count: int, folder: Path, generator: np.random.Generator
) -> list[Utterance]:
    speaker = f"noise_{split}"
    (folder / speaker).mkdir(parents=True, exist_ok=True)
    utterances = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        name = f"{speaker}-{kind}-{number:05d}"
        path = folder / speaker / f"{name}.wav"
        samples = int(generator.integers(SAMPLE_RATE_HZ // 2, SAMPLE_RATE_HZ))
        write_wav(path, make_noise(kind, samples, SAMPLE_RATE_HZ, generator), SAMPLE_RATE_HZ)
        utterances.append(Utterance(name, path, speaker, SILENCE, name))
    return utterances


def _finished(target: Path, request: dict[str, Any]) -> dict[str, int] | None:
    try:
        marker = json.loads((target / MARKER).read_text(encoding="utf-8"))
        if marker["complete"] and marker["request"] == request:
            return dict(marker["utterances"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _start(target: Path, request: dict[str, Any]) -> None:
    """Clear what an earlier call made, and nothing else."""
    if target.exists() and any(target.iterdir()) and not (target / MARKER).exists():
        raise DataError(f"{target}: holds files of something else; give an empty or new --target")
    target.mkdir(parents=True, exist_ok=True)
    _write_marker(target, {"request": request, "complete": False})
    for split in ("train", "valid", "test", *(f"test_{engine}" for engine in ENGINES), "audio"):
        shutil.rmtree(target / split, ignore_errors=True)


def _write_marker(target: Path, content: dict[str, Any]) -> None:
    scratch = target / f"{MARKER}.tmp"
    scratch.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    scratch.replace(target / MARKER)
