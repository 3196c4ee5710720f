"""A recurrent language model on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speechrnn.decoding.ctc.ngram import NgramModel, read_arpa
from speechrnn.errors import ConfigError
from speechrnn.runtime.language_info import open_language_model
from speechrnn.runtime.tokens import BOUNDARY_ID, UNKNOWN_ID

_LONGEST = 1000  # tokens of a sampled sentence


class History:
    """A place in a sentence: what was read up to there, and what is known about what follows.

    Attributes:
        token: The latest token.
        before: The network's states before it.
        after: The network's states after it; None until somebody asks what follows.
        log_probs: (V,) of the token that follows; as `after`.
        next: Places behind this one, by token, so that no token is read twice.
    """

    __slots__ = ("after", "before", "log_probs", "next", "token")

    def __init__(self, token: int, before: dict[str, np.ndarray]) -> None:
        self.token = token
        self.before = before
        self.after: dict[str, np.ndarray] | None = None
        self.log_probs: np.ndarray | None = None
        self.next: dict[int, History] = {}


class RecurrentLanguageModel:
    """A `LanguageModel` that remembers the whole sentence; not for several threads at once.

    A word that was not in its text counts as `<unk>`. Where its tokens are characters, a word is
    as likely as its letters and the space before it: what ends the word comes with the next one.
    The network runs once for each place in a sentence that somebody asks what follows it.

    Attributes:
        info: What the file says about itself.
        tokens: What it reads.
    """

    def __init__(self, path: str | Path) -> None:
        """Load a file that `speechrnn lm train` wrote.

        Raises:
            ModelError: Missing, empty, foreign, damaged or too new.
        """
        self._session, self.info = open_language_model(path)
        self.tokens = self.info.tokens
        self._states = tuple(self.info.states)
        self._wanted = ["log_probs", *(f"next_{name}" for name in self._states)]
        self._start = History(
            BOUNDARY_ID,
            {name: np.zeros((1, size), np.float32) for name, size in self.info.states.items()},
        )

    def start(self) -> History:
        """Before the first word of a sentence."""
        start = History(BOUNDARY_ID, self._start.before)
        self.log_probs(self._start)  # once for all sentences; places behind it die with theirs
        start.log_probs, start.after = self._start.log_probs, self._start.after
        return start

    def step(self, state: History, word: str) -> tuple[float, History]:
        """Log-probability of a word, and the place behind it."""
        total = 0.0
        for token in self.tokens.ids(word, first=state.token == BOUNDARY_ID):
            total += float(self.log_probs(state)[token])
            state = self.follow(state, token)
        return total, state

    def finish(self, state: History) -> float:
        """Log-probability that the sentence ends."""
        return float(self.log_probs(state)[BOUNDARY_ID])

    def log_probs(self, state: History) -> np.ndarray:
        """(V,) log-probabilities of the token that follows; that of `<s>`, of the end."""
        if state.log_probs is None:
            inputs = {"token": np.array([state.token], np.int64), **state.before}
            log_probs, *after = self._session.run(self._wanted, inputs)
            state.log_probs = log_probs[0]
            state.after = dict(zip(self._states, after, strict=True))
        return state.log_probs

    def follow(self, state: History, token: int) -> History:
        """The place behind a token."""
        if token not in state.next:
            self.log_probs(state)
            assert state.after is not None
            state.next[token] = History(token, state.after)
        return state.next[token]

    def sample(self, random: np.random.Generator, temperature: float = 1.0) -> str:
        """Draw a sentence, token by token, from `<s>` on: the one-to-many network.

        `<unk>` never comes out, as nobody knows what it means; nor what is longer than 1000 tokens.

        Args:
            random: Draws.
            temperature: Below 1 the likely becomes likelier, above 1 all becomes more alike.

        Raises:
            ConfigError: The temperature is not above 0.
        """
        if not 0 < temperature < np.inf:
            raise ConfigError(f"temperature is {temperature:g}, expected a number above 0")
        state = self.start()
        ids: list[int] = []
        while len(ids) < _LONGEST:
            log_probs = self.log_probs(state).astype(np.float64)
            log_probs[UNKNOWN_ID] = -np.inf
            weights = np.exp((log_probs - log_probs.max()) / temperature)
            token = int(random.choice(len(weights), p=weights / weights.sum()))
            if token == BOUNDARY_ID:
                break
            ids.append(token)
            state = self.follow(state, token)
        return self.tokens.text(ids)


def load_language_model(path: str | Path) -> RecurrentLanguageModel | NgramModel:
    """A `LanguageModel` of either kind: `.onnx` is a recurrent one, all else an ARPA file.

    Raises:
        ModelError: Missing, foreign, damaged or too new.
        DataError: Not an ARPA file.
    """
    return RecurrentLanguageModel(path) if Path(path).suffix == ".onnx" else read_arpa(path)


def knows(model: RecurrentLanguageModel | NgramModel, word: str) -> bool:
    """Whether a word was in the text that the model learnt from; if not, it counts as `<unk>`."""
    if isinstance(model, RecurrentLanguageModel):
        return model.tokens.knows(word)
    return word in model.words
