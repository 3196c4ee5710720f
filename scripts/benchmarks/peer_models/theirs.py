"""Others' networks, trained, exported where they can be, and heard."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from peer_models.lists import Lists
from peer_models.measure import multiply_adds, num_parameters
from peer_models.peer import CLIP_SAMPLES, SAMPLE_RATE_HZ, Peer
from peer_models.table import Row
from peer_models.training import log_probs, train_peer
from speechrnn.evaluation.trial import Answer, answers, score_answers


def row_of_peer(peer: Peer, lists: Lists, budget_s: float, folder: Path) -> Row:
    """Train within the budget, and measure."""
    epochs, training_s = train_peer(peer, lists, budget_s)
    labels = list(lists.vocabulary)
    heard = list(answers(lists.test, labels, SAMPLE_RATE_HZ, partial(log_probs, peer)))
    scores = score_answers([a for a in heard if isinstance(a, Answer)], labels)
    noise = np.random.default_rng(0).normal(0, 0.05, (1, CLIP_SAMPLES))
    wave = torch.from_numpy(noise.astype(np.float32))
    feats = peer.features(wave)
    path = folder / "model.onnx"
    session = _export(peer, feats, path)
    return Row(
        name=peer.name,
        accuracy=scores.accuracy,
        parameters=num_parameters(peer.network),
        multiply_adds=multiply_adds(lambda: peer.network(feats)),
        file_bytes=path.stat().st_size,
        training_s=training_s,
        epochs=epochs,
        eager=lambda: peer.network(peer.features(wave)).argmax(),
        onnx=lambda: session.run(None, {"feats": peer.features(wave).numpy()})[0].argmax(),
    )


def _export(peer: Peer, feats: torch.Tensor, path: Path) -> onnxruntime.InferenceSession:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        torch.onnx.export(peer.network, (feats,), path, input_names=["feats"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = peer.network(feats).numpy()
    np.testing.assert_allclose(session.run(None, {"feats": feats.numpy()})[0], expected, atol=1e-3)
    return session
