"""A recurrent language model on ONNX Runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from speechrnn.decoding.ctc.ngram import NgramModel, read_arpa
from speechrnn.errors import ConfigError, ModelError
from speechrnn.runtime.model_file import open_file
from speechrnn.runtime.tokens import BOUNDARY_ID, UNKNOWN_ID, Tokens

FORMAT_VERSION = 1
METADATA_KEY = "speechrnn_lm"
_MAKER = "speechrnn lm train"
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
        tokens: What it reads.
        provenance: When, from what and by which versions it was made.
    """

    def __init__(self, path: str | Path) -> None:
        """Load a file that `speechrnn lm train` wrote.

        Raises:
            ModelError: Missing, empty, foreign, damaged or too new.
        """
        path = Path(path)
        self._session, text = open_file(path, METADATA_KEY, _MAKER)
        facts = _parse(text, path)
        self.tokens: Tokens = facts["tokens"]
        self.provenance: dict[str, Any] = facts["provenance"]
        states: dict[str, int] = facts["states"]
        inputs = {value.name: value.shape[-1] for value in self._session.get_inputs()}
        outputs = {value.name: value.shape for value in self._session.get_outputs()}
        wanted = ["log_probs", *(f"next_{name}" for name in states)]
        if (
            inputs != {"token": "B", **states}
            or outputs.keys() != set(wanted)
            or outputs["log_probs"][1] != len(self.tokens)
        ):
            raise ModelError(f"{path}: graph and metadata disagree; train the language model again")
        self._states = tuple(states)
        self._wanted = wanted
        self._start = History(
            BOUNDARY_ID, {name: np.zeros((1, size), np.float32) for name, size in states.items()}
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


def _parse(text: str, path: Path) -> dict[str, Any]:
    """The metadata's JSON, as far as it is needed here."""
    try:
        tree = json.loads(text)
        version = int(tree["format_version"])
        if version > FORMAT_VERSION:
            raise ModelError(
                f"{path}: format_version {version}, but this speechrnn reads up to "
                f"{FORMAT_VERSION}; upgrade speechrnn"
            )
        return {
            "tokens": Tokens(str(tree["units"]), list(tree["tokens"])),
            "states": {str(state["name"]): int(state["size"]) for state in tree["states"]},
            "provenance": dict(tree["provenance"]),
        }
    except (ValueError, KeyError, TypeError) as fault:
        raise ModelError(
            f"{path}: damaged metadata ({type(fault).__name__}: {fault}); train the language "
            "model again"
        ) from None
