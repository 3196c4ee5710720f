"""Synthetic speech for a word list: many voices, accents, pitches and rates."""

from speechrnn.corpora.tts.corpus import DEFAULT_WORDS, prepare

__all__ = ["DEFAULT_WORDS", "prepare"]
