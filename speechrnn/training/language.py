"""Training a language model on a text."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speechrnn.config import parse_section
from speechrnn.errors import ModelError
from speechrnn.models.language import LanguageNetwork
from speechrnn.models.language_config import LanguageConfig
from speechrnn.runtime.tokens import BOUNDARY_ID, Tokens
from speechrnn.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from speechrnn.training.environment import arithmetic, environment
from speechrnn.training.observer import Observer
from speechrnn.training.optimizer import clip_gradients, learning_rate, make_optimizer

_NOTHING = -100  # the target behind a sentence's end, which cross_entropy leaves out


@dataclass(frozen=True)
class LanguageRun:
    """What a training left.

    Attributes:
        network: The best epoch's, ready to evaluate.
        tokens: What it reads.
        provenance: Where it comes from, as plain JSON values; `metrics` are the best epoch's.
        interrupted: Whether it was broken off, after some epochs.
    """

    network: LanguageNetwork
    tokens: Tokens
    provenance: dict[str, Any]
    interrupted: bool


def train_language(
    config: LanguageConfig,
    train: Sequence[Sequence[str]],
    valid: Sequence[Sequence[str]],
    path: Path,
    *,
    device: torch.device,
    observer: Observer | None = None,
) -> LanguageRun:
    """Train a language model.

    Each sentence is read by itself, as the decoder will: from `<s>` and a state of zeros on.
    Ctrl-C ends the training, which goes by the epochs that were finished.

    Args:
        config: The settings.
        train: The words of each sentence to learn from.
        valid: Those that choose the best epoch; none: the last one.
        path: Where the best epoch so far is kept (safetensors).
        device: Where to train.
        observer: Told of progress.

    Raises:
        ModelError: The loss is no number any more.
        KeyboardInterrupt: Before the end of the first epoch.
    """
    settings = config.training
    observer = observer or Observer()
    torch.manual_seed(settings.seed)
    tokens = Tokens.of_sentences(config.model.units, train, config.model.least_count)
    network = LanguageNetwork(config.model, len(tokens)).to(device)
    optimizer = make_optimizer(network, settings)
    sentences = [tokens.sentence(words) for words in train]
    watched = [tokens.sentence(words) for words in valid]
    text = {"sentences": len(sentences), "tokens": sum(map(len, sentences)), "kinds": len(tokens)}
    facts: dict[str, Any] = {
        "tokens": list(tokens.symbols),
        "provenance": {
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            **environment(),
            **arithmetic(device),
            "training_data": text,
            "config": config.model_dump(mode="json"),
        },
    }
    best: dict[str, Any] | None = None
    pieces = sum(
        -(-(len(sentences[batch[-1]]) + 1) // settings.bptt_tokens)
        for batch in _batches(sentences, settings.batch_size, None)
    )
    total_steps = settings.epochs * pieces
    step = 0
    interrupted = False
    try:
        for epoch in range(settings.epochs):
            began = time.perf_counter()
            observer.epoch_begins(epoch + 1, settings.epochs, pieces)
            network.train()
            random = np.random.default_rng([settings.seed, epoch])
            total_loss, total_norm, seen = 0.0, 0.0, 0
            for batch in _batches(sentences, settings.batch_size, random):
                inputs, targets = _padded([sentences[i] for i in batch], device)
                for loss, count in piece_losses(network, inputs, targets, settings.bptt_tokens):
                    rate = learning_rate(settings, step, total_steps)
                    for group in optimizer.param_groups:
                        group["lr"] = rate
                    loss_value = loss.item()
                    if not math.isfinite(loss_value):
                        raise ModelError(
                            f"{path}: loss is {loss_value} in epoch {epoch + 1}, step {step}; "
                            "lower training.learning_rate or training.clip_norm"
                        )
                    optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    total_norm += clip_gradients(network, settings)
                    optimizer.step()
                    step += 1
                    total_loss += loss_value * count
                    seen += count
                    observer.step_done(loss_value, count)
            seconds = time.perf_counter() - began
            record = {
                "epoch": epoch + 1,
                "train_loss": total_loss / seen,
                "gradient_norm": total_norm / pieces,
                "learning_rate": rate,
                "tokens_per_s": seen / seconds,
                "seconds": seconds,
            }
            if watched:
                record["valid_loss"] = mean_loss(network, watched, settings.batch_size)
                record["valid_perplexity"] = math.exp(min(record["valid_loss"], 700.0))
            if best is None or not watched or record["valid_loss"] <= best["valid_loss"]:
                facts["provenance"]["metrics"] = record
                weights = {f"model.{name}": t for name, t in network.state_dict().items()}
                write_checkpoint(path, Checkpoint(weights, facts))
                best = record
            observer.epoch_done(record)
    except KeyboardInterrupt:
        if best is None:
            raise
        interrupted = True
    return _run(read_checkpoint(path), interrupted)


def piece_losses(
    network: LanguageNetwork, inputs: Tensor, targets: Tensor, bptt_tokens: int
) -> Iterator[tuple[Tensor, int]]:
    """Read sentences piece by piece; the state is carried from one to the next, the gradient not.

    Truncated back-propagation through time (Williams & Peng 1990, "An efficient gradient-based
    algorithm for on-line training of recurrent network trajectories").

    Args:
        network: May change between the pieces.
        inputs: (B, T) tokens to read.
        targets: (B, T) tokens to foretell, `_NOTHING` behind the end.
        bptt_tokens: Length of a piece.

    Yields:
        The mean loss of a piece's tokens, and how many they are.
    """
    state = None
    pieces = zip(inputs.split(bptt_tokens, 1), targets.split(bptt_tokens, 1), strict=True)
    for piece, wanted in pieces:
        logits, state = network(piece, state)
        state = [tuple(part.detach() for part in layer) for layer in state]
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=_NOTHING
        )
        yield loss, int((wanted != _NOTHING).sum())


@torch.no_grad()
def mean_loss(
    network: LanguageNetwork, sentences: Sequence[Sequence[int]], batch_size: int
) -> float:
    """Mean cross entropy of the tokens of sentences and their ends, in nats."""
    network.eval()
    device = network.output.weight.device
    total, seen = 0.0, 0
    for batch in _batches(sentences, batch_size, None):
        inputs, targets = _padded([sentences[i] for i in batch], device)
        for loss, count in piece_losses(network, inputs, targets, inputs.shape[1]):
            total += float(loss) * count
            seen += count
    return total / seen


def _batches(
    sentences: Sequence[Sequence[int]], batch_size: int, random: np.random.Generator | None
) -> list[np.ndarray]:
    """Indices of sentences of about equal length, the longest last.

    With `random` sentences of a length are mixed, and then the batches; their number and lengths
    stay the same.
    """
    lengths = np.array([len(sentence) for sentence in sentences])
    ties = np.arange(len(lengths)) if random is None else random.permutation(len(lengths))
    order = np.lexsort((ties, lengths))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    if random is not None:
        random.shuffle(batches)
    return batches


def _padded(sentences: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, T) what is read, `<s>` and the sentence, and (B, T) what follows, it and `<s>`."""
    shape = (len(sentences), max(map(len, sentences)) + 1)
    inputs, targets = torch.full(shape, BOUNDARY_ID), torch.full(shape, _NOTHING)
    for row, sentence in enumerate(sentences):
        ids = torch.tensor(sentence)
        inputs[row, 1 : len(ids) + 1] = ids
        targets[row, : len(ids)] = ids
        targets[row, len(ids)] = BOUNDARY_ID
    return inputs.to(device), targets.to(device)


def _run(checkpoint: Checkpoint, interrupted: bool) -> LanguageRun:
    facts = checkpoint.facts
    config = parse_section(LanguageConfig, facts["provenance"]["config"], "checkpoint")
    tokens = Tokens(config.model.units, facts["tokens"])
    network = LanguageNetwork(config.model, len(tokens))
    network.load_state_dict(
        {name.removeprefix("model."): tensor for name, tensor in checkpoint.tensors.items()}
    )
    return LanguageRun(network.eval(), tokens, facts["provenance"], interrupted)
