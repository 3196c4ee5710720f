"""Learning in streams: clips strung together, the state carried on from piece to piece."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn

from speechrnn.augment import Augmenter
from speechrnn.augment.strings import Strung, string
from speechrnn.config import Config
from speechrnn.dataset import Dataset
from speechrnn.models.chunks import Chunking
from speechrnn.models.command import CommandModel
from speechrnn.training.distributed import Group, merged
from speechrnn.training.objective import Objective
from speechrnn.training.piece import StreamRunner
from speechrnn.training.teacher import Teacher
from speechrnn.vocabulary import NON_WORDS

_VISIBLE_MS = (-100.0, 200.0)  # how far beyond a clip's end its window may end
_VALIDATION_GAP_S = 0.25
_CHUNK_MS = 160.0
_LOOK_AHEAD_MS = 160.0


class StreamTrainer:
    """Turns batches of clips into pieces of streams, and pieces into a loss.

    Every row of a batch is one stream (`speechrnn.training.piece`), and stays with one process.
    Chunk and look-ahead are drawn for each piece, so that one network serves every latency.
    """

    def __init__(
        self,
        config: Config,
        model: CommandModel,
        augmenter: Augmenter,
        teacher: Teacher,
        group: Group,
    ) -> None:
        """Set up.

        Args:
            config: The run's settings.
            model: The network.
            augmenter: Changes and strings clips.
            teacher: Has a say in what the clip head learns.
            group: The processes that train together.
        """
        self._settings = config.streaming
        self._seed = config.training.seed
        self._config = config
        self._model = model
        self._augmenter = augmenter
        self._teacher = teacher
        self._group = group
        self._clips = config.streaming.clips
        self._rows = config.training.batch_size // self._clips
        self._is_word = torch.tensor([label not in NON_WORDS for label in model.vocabulary])

    def begin(self, epoch: int, carried: Mapping[str, Tensor] | None = None) -> None:
        """Start every stream anew, or where `carried` was taken in the middle of this epoch."""
        self._epoch = epoch
        self._runner = StreamRunner(self._model, len(self._group.part(torch.arange(self._rows))))
        rows = {name: self._group.part(value) for name, value in (carried or {}).items()}
        self._runner.restore(rows)

    def carried(self) -> dict[str, Tensor]:
        """What goes on from piece to piece, by name; rows are streams. On process 0 only."""
        parts = self._group.gather({n: value.cpu() for n, value in self._runner.state.items()})
        return merged(parts) if parts else {}

    def takes(self, step: int, draws: Tensor) -> bool:
        """Whether step `step` of the epoch trains in streams."""
        enough = len(draws) >= self._clips
        return enough and self._random(step).random() < self._settings.share

    def loss(
        self,
        step: int,
        dataset: Dataset,
        draws: Tensor,
        objective: Objective,
        precision: AbstractContextManager[None],
    ) -> Tensor:
        """The loss of one piece, of the streams of this process.

        Args:
            step: Step of the epoch.
            dataset: The clips.
            draws: (N) int64, see `Dataset`; what makes no full row of K clips is left out,
                and streams that there are too few clips for stay where they are.
            objective: What is minimised.
            precision: What the network runs under.
        """
        all_draws, random = self._rows_of(step, dataset, draws)
        rows = self._group.part(torch.arange(len(all_draws)))
        share, runner = len(rows) / len(all_draws), self._runner
        if not len(rows):  # all processes take the same steps; this one's counts nothing
            rows, runner = torch.zeros(1, dtype=torch.int64), StreamRunner(self._model, 1)
        draws = all_draws[rows]
        with torch.no_grad():
            strung = self._string(dataset, draws)
        chunking = self._draw_chunking(random, strung.wave.shape[1] // self._model.grid.hop_samples)
        targets = dataset.targets[dataset.clips(draws)]
        firsts, lasts = frames_of(strung.starts, self._model), frames_of(strung.stops, self._model)
        with precision:
            piece = runner.run(strung.wave, chunking)
            frame_logits = self._model.frame_output(piece.frames)
            clip_logits, shares = None, None
            if self._model.head is not None:
                ends = self._visible_ends(random, rows, len(all_draws), firsts, lasts, targets)
                clip_logits = runner.clip_logits(piece, ends)
                labels = nn.functional.one_hot(targets, clip_logits.shape[-1]).float()
                shares = self._teacher.strung_shares(strung, labels)
        return objective.strung(
            clip_logits, frame_logits, firsts, targets, shares, dataset, draws, share
        )

    @torch.no_grad()
    def strung(self, step: int, dataset: Dataset, draws: Tensor) -> tuple[Tensor, Strung]:
        """(B, K) draws of this process, and the piece that they are strung together to."""
        draws = self._group.part(self._rows_of(step, dataset, draws)[0])
        if not len(draws):
            self._group.most(0)  # the others agree on a length
            empty = torch.empty(0, dtype=torch.int64)
            return draws, Strung(torch.empty(0, 0), empty, empty)
        return draws, self._string(dataset, draws)

    def _rows_of(
        self, step: int, dataset: Dataset, draws: Tensor
    ) -> tuple[Tensor, np.random.Generator]:
        """(B, K) draws in random order; of one speaker where a row is a sequence to be learnt.

        Gives the random numbers that come behind, too.
        """
        random = self._random(step)
        random.random()  # `takes` has used the first
        draws = draws[torch.from_numpy(random.permutation(len(draws)))]  # they come by length
        if self._config.model.frame_head == "ctc":
            speakers = [dataset.utterances[i].speaker for i in dataset.clips(draws).tolist()]
            draws = draws[torch.from_numpy(np.argsort(speakers, kind="stable"))]
        rows = len(draws) // self._clips
        return draws[: rows * self._clips].view(rows, self._clips), random

    def _random(self, step: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._epoch, step))

    def _string(self, dataset: Dataset, draws: Tensor) -> Strung:
        clips = dataset.clips(draws)
        samples_per_ms = self._config.features.sample_rate_hz / 1000
        low, high = (gap * samples_per_ms for gap in self._settings.gap_ms)
        return self._augmenter.streams(
            dataset.arena,
            dataset.starts[clips],
            dataset.lengths[clips],
            draws,
            self._epoch,
            (low, high),
            self._model.grid.hop_samples,
            self._group.most,
        )

    def _draw_chunking(self, random: np.random.Generator, num_frames: int) -> Chunking:
        if random.random() < self._settings.whole_share or not self._config.model.bidirectional:
            return Chunking(num_frames, 0)
        chunk = self._config.frames(random.uniform(*self._settings.chunk_ms))
        look_ahead = self._config.frames(random.uniform(*self._settings.look_ahead_ms))
        return Chunking(min(max(1, chunk), num_frames), look_ahead)

    def _visible_ends(
        self,
        random: np.random.Generator,
        rows: Tensor,
        num_rows: int,
        firsts: Tensor,
        lasts: Tensor,
        targets: Tensor,
    ) -> Tensor:
        """(B, K) frame behind the last one that the window of each clip sees.

        A word is judged when it is over. What is no word, behind another that is none, may be cut
        anywhere.
        """
        low, high = (self._config.frames(edge) for edge in _VISIBLE_MS)
        shape = (num_rows, targets.shape[1])  # the same numbers, whoever has a row
        beyond = torch.from_numpy(random.integers(low, high + 1, shape))[rows].to(lasts.device)
        ends = lasts + beyond
        other = ~self._is_word.to(targets.device)[targets]
        free = other & other.roll(1, dims=1)
        free[:, 0] = False
        share = torch.from_numpy(random.random(shape))[rows].to(lasts.device)
        anywhere = firsts + (share * (ends - firsts)).long()
        return torch.where(free, anywhere, ends)


@torch.no_grad()
def stream_scores(
    model: CommandModel, config: Config, dataset: Dataset, group: Group
) -> dict[str, float]:
    """Loss and accuracy of the pooling head on clips strung together, unchanged.

    Args:
        model: In evaluation mode.
        config: The run's settings.
        dataset: The clips; those that make no full row are left out.
        group: The processes that hear a part each.
    """
    clips = min(config.streaming.clips, len(dataset))
    rows = min(config.training.batch_size // config.streaming.clips, len(dataset) // clips)
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
    gap_samples = round(_VALIDATION_GAP_S * config.features.sample_rate_hz)
    chunking = Chunking(max(1, config.frames(_CHUNK_MS)), config.frames(_LOOK_AHEAD_MS))
    runner = StreamRunner(model, len(group.part(torch.arange(rows))))
    loss, correct, count = 0.0, 0.0, 0.0
    for indices in order.split(rows * clips):
        indices = indices[: len(indices) // clips * clips].view(-1, clips)
        if not len(indices):
            continue
        indices = group.part(indices)
        if not len(indices):
            group.most(0)  # the others agree on a length
            continue
        gaps = torch.full(indices.shape, gap_samples, device=dataset.arena.device)
        strung = string(
            *dataset.waves(indices.flatten()),
            gaps,
            gap_samples,
            model.grid.hop_samples,
            group.most,
        )
        piece = runner.run(strung.wave, chunking)
        logits = runner.clip_logits(piece, frames_of(strung.stops, model)).flatten(0, 1)
        targets = dataset.targets[indices].flatten()
        loss += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(-1) == targets).sum())
        count += len(targets)
    loss, correct, count = group.total(loss, correct, count)
    return {"valid_stream_loss": loss / count, "valid_stream_accuracy": correct / count}


def frames_of(samples: Tensor, model: CommandModel) -> Tensor:
    """Frames of a piece that samples of it lie in, see `StreamRunner`."""
    return (samples + model.grid.right_samples) // model.grid.hop_samples
