"""Training speed from recordings on: this project's loop, a plain DataLoader's, SpeechBrain's.

All train the same network on the same clips in batches of the same size, on one thread, an epoch
each in turn; medians of clips for a second of processor time. "Plain" is the loop of torchaudio's
tutorial on speech commands: a DataLoader that reads a file for each clip, loss, backward, step.
"SpeechBrain" is its DynamicItemDataset, its padded batches and its Brain. Both read files again in
every epoch, this project once, before the first: the last column. Nothing is changed at random but
in the row that says so.

Without SpeechBrain its row is left out: pip install speechbrain

Usage: python scripts/benchmarks/training_loops.py --data DIR [--config FILE] [--clips 1000]
                                                   [--turns 5]
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import torch
from peer_models.clock import Clock
from torch import Tensor, nn
from torch.utils.data import DataLoader

from speechrnn.config import Config, load_config
from speechrnn.datadir import Utterance, read_datadir
from speechrnn.errors import SpeechRNNError
from speechrnn.models.command import CommandModel
from speechrnn.training.corpus import Corpus
from speechrnn.training.loop import train
from speechrnn.training.optimizer import make_optimizer
from speechrnn.vocabulary import Vocabulary

CONFIG = Path(__file__).parents[2] / "recipes/speech_commands/conf/bigru.yaml"
UNCHANGED = (
    "augment.shift_ms=0",
    "augment.speed=[1, 1]",
    "augment.gain_db=[0, 0]",
    "augment.noise_probability=0",
    "augment.reverberation_probability=0",
    "augment.band_limit_probability=0",
    "augment.time_masks=0",
    "augment.frequency_masks=0",
)


class Times(NamedTuple):
    """Processor time of a loop, in seconds: before the first epoch, and of an epoch."""

    before: float
    epoch: float


Loop = Callable[[], Times]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="Kaldi directory to learn from")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        utterances = read_datadir(options.data)
        chosen = np.random.default_rng(0).permutation(len(utterances))[: options.clips]
        clips = [utterances[i] for i in chosen]
        report(_loops(options.config, clips), len(clips), options.turns)
    except SpeechRNNError as fault:
        print(f"training_loops.py: {fault}", file=sys.stderr)
        return 2
    return 0


def report(loops: dict[str, Loop], clips: int, turns: int) -> None:
    """Train in turns, and print clips/s and how much faster this project's loop is."""
    times: dict[str, list[Times]] = {name: [] for name in loops}
    for turn in range(-1, turns):
        for name, loop in loops.items():
            taken = loop()
            if turn >= 0:  # the first turn warms up
                times[name].append(taken)
    epochs_s = {name: statistics.median(t.epoch for t in times[name]) for name in loops}
    ours_s = next(iter(epochs_s.values()))
    print(f"{clips} clips, {turns} epochs each in turn, one thread")
    print(f"{'':26s} clips/s  of the epochs  the first row is as fast  before the first epoch")
    for name, all_taken in times.items():
        rates = [clips / t.epoch for t in all_taken]
        before_s = statistics.median(t.before for t in all_taken)
        print(
            f"{name:26s} {clips / epochs_s[name]:7.0f}  {min(rates):4.0f} to {max(rates):4.0f}  "
            f"{epochs_s[name] / ours_s:14.2f} times {before_s:18.1f} s"
        )


def _loops(config_path: Path, clips: list[Utterance]) -> dict[str, Loop]:
    once = ("training.epochs=1", "training.threads=1")
    bare = load_config(config_path, (*once, *UNCHANGED))
    loops: dict[str, Loop] = {
        "speechrnn": partial(_ours, bare, clips),
        "speechrnn, clips changed": partial(_ours, load_config(config_path, once), clips),
        "plain DataLoader": partial(_plain, bare, clips),
    }
    if importlib.util.find_spec("speechbrain") is None:
        print("SpeechBrain left out: pip install speechbrain", file=sys.stderr)
    else:
        loops["SpeechBrain"] = partial(_speechbrain, bare, clips)
    return loops


def _ours(config: Config, clips: list[Utterance]) -> Times:
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        train(config, Corpus(clips), Path(folder), device=torch.device("cpu"), observer=clock)
    return Times(clock.before_s, clock.total_s)


def _plain(config: Config, clips: list[Utterance]) -> Times:
    began = time.process_time()
    model = _model(config, clips)
    optimizer = make_optimizer(model, config.training)

    def collate(batch: list[Utterance]) -> tuple[Tensor, Tensor, Tensor]:
        waves = [_read(utterance) for utterance in batch]
        wave_lens = torch.tensor([len(wave) for wave in waves])
        targets = torch.tensor([model.vocabulary.class_id(u.text) for u in batch])
        return nn.utils.rnn.pad_sequence(waves, batch_first=True), wave_lens, targets

    loader = DataLoader(clips, config.training.batch_size, shuffle=True, collate_fn=collate)
    ready = time.process_time()
    model.train()
    for wave, wave_lens, targets in loader:
        loss = nn.functional.cross_entropy(_logits(model, wave, wave_lens), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Times(ready - began, time.process_time() - ready)


def _speechbrain(config: Config, clips: list[Utterance]) -> Times:
    from speechbrain.core import Brain, Stage
    from speechbrain.dataio.batch import PaddedBatch
    from speechbrain.dataio.dataset import DynamicItemDataset
    from speechbrain.utils.data_pipeline import provides, takes

    began = time.process_time()
    model = _model(config, clips)

    class Recipe(Brain):
        def compute_forward(self, batch: PaddedBatch, stage: Stage) -> Tensor:
            wave, shares = batch.to(self.device).signal
            wave_lens = (shares * wave.shape[1]).round().long()
            return _logits(self.modules.model, wave, wave_lens)

        def compute_objectives(
            self, predictions: Tensor, batch: PaddedBatch, stage: Stage
        ) -> Tensor:
            return nn.functional.cross_entropy(predictions, batch.target.data[:, 0])

    @takes("utterance")
    @provides("signal", "target")
    def pipeline(utterance: Utterance):  # type: ignore[no-untyped-def]
        yield _read(utterance)
        yield torch.tensor([model.vocabulary.class_id(utterance.text)])

    dataset = DynamicItemDataset(
        {utterance.id: {"utterance": utterance} for utterance in clips},
        dynamic_items=[pipeline],
        output_keys=["id", "signal", "target"],
    )
    brain = Recipe(
        {"model": model},
        lambda _: make_optimizer(model, config.training),
        run_opts={"device": "cpu"},
    )
    loader = {"batch_size": config.training.batch_size, "shuffle": True}
    ready = time.process_time()
    brain.fit(range(1), dataset, train_loader_kwargs=loader, progressbar=False)
    return Times(ready - began, time.process_time() - ready)


def _model(config: Config, clips: list[Utterance]) -> CommandModel:
    return CommandModel(config, Vocabulary.of_words({utterance.text for utterance in clips}))


def _logits(model: CommandModel, wave: Tensor, wave_lens: Tensor) -> Tensor:
    with torch.no_grad():  # features have nothing to learn
        feats, feat_lens = model.features(wave, wave_lens)
    return model.logits(feats, feat_lens)


def _read(utterance: Utterance) -> Tensor:
    """(S,) samples of a clip at the rate of the file."""
    start_s, end_s = utterance.start_s or 0.0, utterance.end_s
    with soundfile.SoundFile(utterance.wav) as file:
        file.seek(round(start_s * file.samplerate))
        frames = -1 if end_s is None else round((end_s - start_s) * file.samplerate)
        return torch.from_numpy(file.read(frames, dtype="float32"))


if __name__ == "__main__":
    sys.exit(main())
