"""Words that are not commands: no homophone of a command among them, but words much like one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from speechrnn.corpora.tts.common_words import COMMON_WORDS
from speechrnn.edits import edit_distance

Phonemes = Sequence[str]
# Vowels that accents merge or that stress alone sets apart in espeak's English.
_SAME = {"o@": "O:", "O@": "O:", "O": "O:", "O2": "O", "0": "O", "A@": "A:", "I2": "I", "i": "i:"}


def plain(phonemes: Phonemes) -> tuple[str, ...]:
    """Phonemes without stress, length and distinctions that listeners don't hear."""
    bare = (phoneme.lstrip("',%=_|").rstrip("#|") for phoneme in phonemes)
    return tuple(_SAME.get(phoneme, phoneme).rstrip(":") for phoneme in bare if phoneme)


def homophones(words: Sequence[str], spoken: Mapping[str, Sequence[Phonemes]]) -> list[list[str]]:
    """Groups of words that sound the same in at least one accent.

    Args:
        words: The words.
        spoken: For each word its phonemes, one entry an accent.
    """
    groups: list[list[str]] = []
    for word in words:
        for group in groups:
            if any(_same(spoken[word], spoken[other]) for other in group):
                group.append(word)
                break
        else:
            groups.append([word])
    return [group for group in groups if len(group) > 1]


def rank_others(
    keywords: Sequence[str], spoken: Mapping[str, Sequence[Phonemes]]
) -> dict[str, float]:
    """Common words and pieces of phrases that are not keywords, those nearest to one first.

    Args:
        keywords: What the recogniser shall know.
        spoken: Phonemes of the keywords and of `candidates(keywords)`, one entry an accent.

    Returns:
        For each word the share of its phonemes that must change to make it a keyword.
    """
    keys = [tuple(map(plain, spoken[keyword])) for keyword in keywords]
    near: dict[str, float] = {}
    for word in candidates(keywords):
        heard = tuple(map(plain, spoken[word]))
        pairs = {pair for key in keys for pair in zip(heard, key, strict=True)}
        changes = [edit_distance(*pair) / max(*map(len, pair), 1) for pair in pairs]
        if min(changes) > 0:  # else a homophone
            near[word] = min(changes)
    return dict(sorted(near.items(), key=lambda item: (item[1], item[0])))


def candidates(keywords: Sequence[str]) -> list[str]:
    """Common words, and the parts of phrases, alone and joined in other ways."""
    phrases = [keyword.split() for keyword in keywords if " " in keyword]
    words = set(COMMON_WORDS)
    for phrase in phrases:
        words.update(" ".join(phrase[:i]) for i in range(1, len(phrase)))
        words.update(" ".join(phrase[i:]) for i in range(1, len(phrase)))
        words.update(" ".join((*phrase[:-1], other)) for other in ("up", "one", "now", "please"))
        words.update(" ".join((other, *phrase[1:])) for other in ("night", "all", "some", "turn"))
    return sorted(words - {keyword.casefold() for keyword in keywords} - set(keywords))


def _same(left: Sequence[Phonemes], right: Sequence[Phonemes]) -> bool:
    return any(plain(a) == plain(b) for a, b in zip(left, right, strict=True))
