"""One loop for all peers: the same clips, the same time on the processor."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from peer_models.lists import Lists, clips_of
from peer_models.peer import CLIP_SAMPLES, Peer
from speechrnn.dataset import Dataset
from speechrnn.vocabulary import SILENCE, UNKNOWN, Vocabulary

_HEARD = 64  # clips at a time, without gradients


def train_peer(peer: Peer, lists: Lists, budget_s: float) -> tuple[float, float]:
    """Train, and keep the epoch that is best on the validation list.

    Args:
        peer: Trained in place.
        lists: What it learns from and is chosen on.
        budget_s: Processor time, validation included; on an idle machine the same by the clock.

    Returns:
        Epochs, and seconds of processor time.
    """
    train, valid = lists.decode("train"), lists.decode("valid")
    began, epochs, best = time.process_time(), 0.0, -1.0
    kept: dict[str, Tensor] = {}
    while (spent := time.process_time() - began) < budget_s:
        peer.network.train()
        order = drawn(train, lists.vocabulary)
        for indices in order.split(peer.batch_size):
            spent = time.process_time() - began
            if spent >= budget_s:
                break
            if len(indices) == 1:
                continue  # nothing to normalise a batch of one by
            rate = peer.learning_rate(spent / budget_s, epochs)
            _step(peer, clips_of(train, indices), train.targets[indices], rate)
            epochs += len(indices) / len(order)
        right = _share_right(peer, valid)
        if right >= best:
            best, kept = right, copy.deepcopy(peer.network.state_dict())
    peer.network.load_state_dict(kept)
    peer.network.eval()
    return epochs, time.process_time() - began


def drawn(dataset: Dataset, vocabulary: Vocabulary) -> Tensor:
    """(N) clips of an epoch in random order: a tenth as many other words as words, drawn anew.

    That is what Warden's protocol takes, which DS-CNN and SpeechBrain learn from; where other words
    are no class, every clip is taken.
    """
    order = torch.randperm(len(dataset))
    is_other, is_silence = (
        torch.tensor([label == kind for label in vocabulary])[dataset.targets[order]]
        for kind in (UNKNOWN, SILENCE)
    )
    words = len(order) - int(is_other.sum()) - int(is_silence.sum())
    return order[~is_other | (is_other.cumsum(0) <= -(-words // 10))]


@torch.inference_mode()
def log_probs(peer: Peer, waves: Sequence[np.ndarray]) -> np.ndarray:
    """(N, V) log-probabilities of N waves at 16 kHz, a second of each."""
    peer.network.eval()
    found = []
    for first in range(0, len(waves), _HEARD):
        part = [torch.from_numpy(wave[:CLIP_SAMPLES]) for wave in waves[first : first + _HEARD]]
        wave = nn.utils.rnn.pad_sequence(part, batch_first=True)
        wave = nn.functional.pad(wave, (0, CLIP_SAMPLES - wave.shape[1]))
        found.append(torch.log_softmax(peer.network(peer.features(wave)), -1))
    return torch.cat(found).numpy()


def _step(peer: Peer, wave: Tensor, targets: Tensor, rate: float) -> None:
    for group in peer.optimizer.param_groups:
        group["lr"] = rate
    with torch.no_grad():
        wave, targets = peer.augment(wave, targets)
        feats = peer.features(wave)
    loss = nn.functional.cross_entropy(peer.network(feats), targets)
    peer.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    peer.optimizer.step()


@torch.inference_mode()
def _share_right(peer: Peer, dataset: Dataset) -> float:
    peer.network.eval()
    right = 0
    for indices in torch.arange(len(dataset)).split(_HEARD):
        heard = peer.network(peer.features(clips_of(dataset, indices))).argmax(-1)
        right += int((heard == dataset.targets[indices]).sum())
    return right / len(dataset)
