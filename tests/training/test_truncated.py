"""`training.bptt_frames` arrives where clips are learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from speechrnn.config import parse_config
from speechrnn.datadir import read_datadir
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train


def test_a_cut_changes_what_is_learnt_and_one_beyond_the_clip_nothing(
    tones: Path, tmp_path: Path
) -> None:
    corpus = Corpus(read_datadir(tones / "train"))

    def run(bptt_frames: int | None) -> dict[str, Any]:
        tree = {
            "features": {"sample_rate_hz": 8000, "high_hz": 3800},
            "model": {"hidden_size": 8, "layers": 1, "dropout": 0.0},
            "training": {"epochs": 2, "batch_size": 12, "bptt_frames": bptt_frames},
        }
        out = tmp_path / str(bptt_frames)
        return train(parse_config(tree, "test"), corpus, out, device=torch.device("cpu"))

    losses = {frames: run(frames)["train_loss"] for frames in (None, 2, 1000)}
    assert losses[1000] == losses[None]
    assert losses[2] != losses[None]
