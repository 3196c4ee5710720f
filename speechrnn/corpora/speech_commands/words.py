"""The words of the corpus, and the tasks that the field makes of them."""

from __future__ import annotations

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_OTHERS = ("bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow")
WORDS_V1 = COMMANDS + _DIGITS + _OTHERS
WORDS_V2 = (*WORDS_V1, "backward", "follow", "forward", "learn", "visual")
