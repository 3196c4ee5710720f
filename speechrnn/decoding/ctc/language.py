"""What a beam search asks of a language model."""

from __future__ import annotations

from typing import Any, Protocol


class LanguageModel(Protocol):
    """How likely a word is after the words before it. Log-probabilities are natural, at most 0.

    A search asks for many more words than it keeps: what is costly about a state is better put off
    until the first question about what follows it. States are never changed, only passed on.
    """

    def start(self) -> Any:
        """The state before the first word of a sentence."""
        ...

    def step(self, state: Any, word: str) -> tuple[float, Any]:
        """Log-probability of a word, and the state after it."""
        ...

    def finish(self, state: Any) -> float:
        """Log-probability that the sentence ends."""
        ...
