"""What utterances say, as sequences of a CTC head's units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from speechrnn.datadir import Utterance
from speechrnn.errors import DataError
from speechrnn.vocabulary import BLANK, NON_WORDS, Vocabulary

Lexicon = Mapping[str, Sequence[Sequence[str]]]

_SPACE = " "  # between words spelt in characters


class Speller:
    """Spells texts in units: the words themselves, their characters, or a lexicon's phones.

    Attributes:
        symbols: `BLANK` and the units.
    """

    def __init__(self, texts: Iterable[str], units: str, lexicon: Lexicon | None) -> None:
        """Gather the units.

        Args:
            texts: Of the training utterances.
            units: words, characters or phones.
            lexicon: Pronunciations of each word, the first of which is taken; for phones.

        Raises:
            DataError: Phones without a lexicon, or a word that it lacks.
        """
        self._units = units
        self._lexicon = lexicon
        spelt = {unit for text in set(texts) for unit in self.units(text)}
        self.symbols = Vocabulary([BLANK, *sorted(spelt)])

    def units(self, text: str) -> list[str]:
        """The units of a text; `_silence_` and `_unknown_` have none.

        Raises:
            DataError: A word that the lexicon lacks.
        """
        words = [word for word in text.split() if word not in NON_WORDS]
        if self._units == "words":
            return words
        if self._units == "characters":
            return list(_SPACE.join(words))
        if self._lexicon is None:
            raise DataError("units are phones, but there is no lexicon; pass --lexicon FILE")
        missing = [word for word in words if word not in self._lexicon]
        if missing:
            raise DataError(f"lexicon: lacks {missing[0]!r}; add a line for it")
        return [unit for word in words for unit in self._lexicon[word][0]]

    def lexicon(self, texts: Iterable[str]) -> dict[str, list[list[str]]] | None:
        """The pronunciations of the words of texts, of units that are known; phones only."""
        if self._units != "phones" or self._lexicon is None:
            return None
        words = sorted({word for text in texts for word in text.split()} - set(NON_WORDS))
        return {
            word: [list(way) for way in self._lexicon[word] if set(way) <= set(self.symbols)]
            for word in words
        }


class Transcripts:
    """Unit sequences of what utterances say."""

    def __init__(self, texts: Iterable[str], speller: Speller) -> None:
        """Spell every text.

        Args:
            texts: All that will be asked for.
            speller: Knows every unit of theirs.

        Raises:
            DataError: A unit that training lacks.
        """
        self._sequences = {
            text: torch.tensor([speller.symbols.id(unit) for unit in speller.units(text)]).long()
            for text in set(texts)
        }

    def strung(self, utterances: Sequence[Utterance], clips: Tensor) -> tuple[Tensor, Tensor]:
        """What is said in clips that follow one another.

        Args:
            utterances: Of a data set.
            clips: (B, K) int64, which of them.

        Returns:
            (B, U) int64 units, anything beyond (B) how many of them there are.
        """
        rows = [
            torch.cat([self._sequences[utterances[clip].text] for clip in row])
            for row in clips.tolist()
        ]
        lens = torch.tensor([len(row) for row in rows])
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), lens
