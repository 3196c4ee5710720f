"""All that is looked at in a network, on utterances of a corpus."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from speechrnn.config import Config
from speechrnn.datadir import Utterance
from speechrnn.dataset import Dataset, load_dataset
from speechrnn.diagnosis.clipping import Steps, train_twice
from speechrnn.diagnosis.gradients import Flow, measure_flows
from speechrnn.diagnosis.pictures import clipping_png, gates_png, gradients_png
from speechrnn.diagnosis.saturation import Saturation, measure_saturation
from speechrnn.diagnosis.unrolled import unroll_network
from speechrnn.errors import DataError
from speechrnn.models.command import CommandModel
from speechrnn.training.corpus import set_statistics
from speechrnn.training.objective import Objective
from speechrnn.training.transcripts import Lexicon, Speller, Transcripts
from speechrnn.vocabulary import Vocabulary


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        config: The network's settings.
        frame_s: Seconds from one frame to the next.
        num_clips: Utterances that gradients and gates were looked at in.
        faults: One line for each utterance that could not be read.
        loss: Mean over them, dropout off.
        flows: Gradients of each direction of each layer.
        saturation: Of each gate of each direction of each layer.
        steps: Trainings without and, where it is configured, with clipping.
    """

    config: Config
    frame_s: float
    num_clips: int
    faults: tuple[str, ...]
    loss: float
    flows: list[Flow]
    saturation: list[Saturation]
    steps: list[Steps]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "cell": self.config.model.cell,
            "frame_s": self.frame_s,
            "clips": self.num_clips,
            "loss": self.loss,
            "clip_norm": self.config.training.clip_norm,
            "clip_value": self.config.training.clip_value,
            "gradients": [flow.as_dict() for flow in self.flows],
            "saturation": [saturation.as_dict() for saturation in self.saturation],
            "training": [steps.as_dict() for steps in self.steps],
        }

    def write(self, out: Path) -> None:
        """Leave `diagnosis.json` and a picture of each part in a folder; it is made if missing."""
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.as_dict(), indent=1) + "\n"
        (out / "diagnosis.json").write_text(text, encoding="utf-8")
        (out / "gradients.png").write_bytes(gradients_png(self.flows, self.frame_s))
        (out / "gates.png").write_bytes(gates_png(self.saturation))
        if self.steps:
            picture = clipping_png(self.steps, self.config.training.clip_norm)
            (out / "clipping.png").write_bytes(picture)


def fresh_model(
    config: Config, utterances: Sequence[Utterance], lexicon: Lexicon | None = None
) -> CommandModel:
    """A network as training on these utterances would begin it; its statistics are not set yet."""
    texts = {utterance.text for utterance in utterances}
    vocabulary = Vocabulary.of_words(texts if config.model.pooling != "none" else ())
    torch.manual_seed(config.training.seed)
    if config.model.frame_head != "ctc":
        return CommandModel(config, vocabulary)
    speller = Speller(texts, config.model.units, lexicon)
    return CommandModel(config, vocabulary, speller.symbols, speller.lexicon(texts))


def diagnose(
    model: CommandModel,
    utterances: Sequence[Utterance],
    *,
    fresh: bool,
    clips: int = 64,
    steps: int = 60,
) -> Diagnosis:
    """Look at a network's gradients, gates and first steps on utterances.

    Args:
        model: The network, on the CPU.
        utterances: What it hears; the text of each is its class or its sequence.
        fresh: Its feature statistics are not set yet; those of the utterances are taken.
        clips: Utterances, spread over the list, that gradients and gates are looked at in.
        steps: Steps of training, on all of the utterances that are read, without augmentation.

    Raises:
        DataError: No utterance could be read, or a text is none of the network's.
    """
    config = model.config
    wanted = max(clips, steps * config.training.batch_size)
    dataset = load_dataset(
        _spread(utterances, wanted), model.vocabulary, config.features.sample_rate_hz
    )
    model = copy.deepcopy(model)
    if fresh:
        set_statistics(model, dataset)
    transcripts = _transcripts(model, dataset)

    def loss_on(network: CommandModel, hidden: Tensor, lens: Tensor, indices: Tensor) -> Tensor:
        clip_logits, shares = None, hidden.new_zeros(len(indices), 0)
        if network.head is not None:
            clip_logits = network.clip_logits(hidden, lens)
            labels = torch.nn.functional.one_hot(dataset.targets[indices], len(model.vocabulary))
            shares = labels.float()
        objective = Objective(config, network, transcripts)
        return objective.clips(
            clip_logits, network.frame_output(hidden), lens, shares, dataset, indices
        )

    def step_loss(network: CommandModel, step: int) -> Tensor:
        generator = torch.Generator().manual_seed(step)
        size = min(config.training.batch_size, len(dataset))
        indices = torch.randperm(len(dataset), generator=generator)[:size]
        with torch.no_grad():
            feats, feat_lens = network.features(*dataset.waves(indices))
        return loss_on(network, *network.hidden(feats, feat_lens), indices)

    model.eval()
    indices = torch.linspace(0, len(dataset) - 1, min(clips, len(dataset))).long()
    with torch.no_grad():
        feats, feat_lens = model.features(*dataset.waves(indices))
    hidden, lens, traces = unroll_network(model, feats, feat_lens)
    loss = loss_on(model, hidden, lens, indices)
    return Diagnosis(
        config=config,
        frame_s=config.grid.hop_samples / config.features.sample_rate_hz,
        num_clips=len(indices),
        faults=dataset.faults,
        loss=loss.item(),
        flows=measure_flows(loss, traces, lens),
        saturation=measure_saturation(config.model.cell, traces, lens),
        steps=train_twice(model, config.training, steps, step_loss) if steps else [],
    )


def _spread(utterances: Sequence[Utterance], count: int) -> list[Utterance]:
    """At most so many, evenly from the whole list."""
    if not utterances:
        raise DataError("no utterances to diagnose on; give a data directory that has some")
    count = min(count, len(utterances))
    return [utterances[i * len(utterances) // count] for i in range(count)]


def _transcripts(model: CommandModel, dataset: Dataset) -> Transcripts:
    speller = Speller((), model.config.model.units, model.lexicon)
    if model.config.model.frame_head != "ctc":
        return Transcripts((), speller)
    speller.symbols = model.symbols
    return Transcripts((u.text for u in dataset.utterances), speller)
