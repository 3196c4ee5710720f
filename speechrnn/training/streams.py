"""Learning in streams: clips strung together, the state carried on from piece to piece."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn

from speechrnn.augment import Augmenter
from speechrnn.augment.strings import Strung
from speechrnn.config import Config
from speechrnn.dataset import Dataset
from speechrnn.models.chunks import Chunking
from speechrnn.models.command import CommandModel
from speechrnn.training.keyword_loss import keyword_loss
from speechrnn.vocabulary import NON_WORDS

Criterion = Callable[[Tensor, Tensor], Tensor]

_VISIBLE_MS = (-100.0, 200.0)  # how far beyond a clip's end its window may end
_SPIKE_DELAY_MS = 120.0  # what a frame says may belong to the clip that ended so long before


class StreamTrainer:
    """Turns batches of clips into pieces of streams, and pieces into a loss.

    Every row is one stream. Its recurrent state, running peak and pooled frames go from one piece
    to the next, the gradient does not: back-propagation through time is truncated there. Chunk and
    look-ahead are drawn for each piece, so that one network serves every latency.
    """

    def __init__(self, config: Config, model: CommandModel, augmenter: Augmenter) -> None:
        """Set up.

        Args:
            config: The run's settings.
            model: The network.
            augmenter: Changes and strings clips.
        """
        self._settings = config.streaming
        self._seed = config.training.seed
        self._config = config
        self._model = model
        self._augmenter = augmenter
        self._clips = config.streaming.clips
        self._rows = config.training.batch_size // self._clips
        self._is_word = torch.tensor([label not in NON_WORDS for label in model.vocabulary])
        self._symbol_of = torch.tensor(
            [
                model.symbols.id(label) if word else 0
                for label, word in zip(model.vocabulary, self._is_word.tolist(), strict=True)
            ]
        )

    def begin(self, epoch: int) -> None:
        """Start every stream anew."""
        self._epoch = epoch
        device = next(self._model.parameters()).device
        grid = self._model.grid
        self._carried = self._model.initial_state(self._rows) | {
            "context": torch.zeros(
                self._rows, grid.window_samples - grid.hop_samples, device=device
            ),
            "pool": torch.zeros(
                self._rows, self._model.pool_frames, self._model.encoder.output_size, device=device
            ),
        }

    def takes(self, step: int, draws: Tensor) -> bool:
        """Whether step `step` of the epoch trains in streams."""
        enough = len(draws) >= self._clips
        return enough and self._random(step).random() < self._settings.share

    def loss(
        self,
        step: int,
        dataset: Dataset,
        draws: Tensor,
        criterion: Criterion,
        precision: AbstractContextManager[None],
    ) -> Tensor:
        """The loss of one piece.

        Args:
            step: Step of the epoch.
            dataset: All clips.
            draws: (N) int64, see `epoch_batches`; what makes no full row of K clips is left out,
                and streams that there are too few clips for stay where they are.
            criterion: Of (N, V) logits and (N, V) target shares.
            precision: What the network runs under.
        """
        random = self._random(step)
        random.random()  # `takes` has used the first
        draws = draws[torch.from_numpy(random.permutation(len(draws)))]  # they come by length
        rows = len(draws) // self._clips
        draws = draws[: rows * self._clips].view(rows, self._clips)
        state = {name: value[:rows] for name, value in self._carried.items()}
        with torch.no_grad():
            strung = self._string(dataset, draws)
            wave = torch.cat([state["context"], strung.wave], dim=1)
            feats, peak = self._model.stream_features(wave, state.get("peak"))
        num_frames = strung.wave.shape[1] // self._model.grid.hop_samples
        chunking = self._draw_chunking(random, num_frames)
        targets = dataset.targets[draws % len(dataset)]
        firsts, lasts = self._frames(strung.starts), self._frames(strung.stops)
        ends = self._visible_ends(random, firsts, lasts, targets)
        with precision:
            hidden, layers = self._model.encode(feats, state, chunking)
            frames = chunking.committed(hidden, num_frames)
            joined = torch.cat([state["pool"], frames], dim=1)
            logits = self._clip_logits(joined, state["pool_lens"], hidden, chunking, ends)
            frame_logits = self._model.frame_output(frames)
        shares = nn.functional.one_hot(targets.flatten(), logits.shape[1]).float()
        loss = criterion(logits.float(), shares)
        if self._model.keyword_output is not None:
            begins = firsts + self._config.frames(_SPIKE_DELAY_MS)
            words = self._symbol_of.to(targets.device)[targets]
            spotted = keyword_loss(frame_logits.float().log_softmax(-1), begins, words)
            loss = loss + self._settings.keyword_weight * spotted

        pool = state["pool"].shape[1]
        state = layers | {
            "context": wave[:, wave.shape[1] - state["context"].shape[1] :],
            "pool": joined[:, joined.shape[1] - pool :].float(),
            "pool_lens": (state["pool_lens"] + num_frames).clamp(max=pool),
        }
        if peak is not None:
            state["peak"] = peak
        for name, value in state.items():
            rest = self._carried[name][rows:]
            self._carried[name] = torch.cat([value.detach().to(rest.dtype), rest])
        return loss

    def _random(self, step: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self._epoch, step))

    def _string(self, dataset: Dataset, draws: Tensor) -> Strung:
        clips = draws % len(dataset)
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
        )

    def _draw_chunking(self, random: np.random.Generator, num_frames: int) -> Chunking:
        if random.random() < self._settings.whole_share or not self._config.model.bidirectional:
            return Chunking(num_frames, 0)
        chunk = self._config.frames(random.uniform(*self._settings.chunk_ms))
        look_ahead = self._config.frames(random.uniform(*self._settings.look_ahead_ms))
        return Chunking(min(max(1, chunk), num_frames), look_ahead)

    def _frames(self, samples: Tensor) -> Tensor:
        """Frames of this piece that samples of it lie in; frames lag behind by their look-ahead."""
        return (samples + self._model.grid.right_samples) // self._model.grid.hop_samples

    def _visible_ends(
        self, random: np.random.Generator, firsts: Tensor, lasts: Tensor, targets: Tensor
    ) -> Tensor:
        """(B, K) frame behind the last one that the window of each clip sees.

        A word is judged when it is over. What is no word, behind another that is none, may be cut
        anywhere.
        """
        low, high = (self._config.frames(edge) for edge in _VISIBLE_MS)
        shape = tuple(targets.shape)
        ends = lasts + torch.from_numpy(random.integers(low, high + 1, shape)).to(lasts.device)
        other = ~self._is_word.to(targets.device)[targets]
        free = other & other.roll(1, dims=1)
        free[:, 0] = False
        share = torch.from_numpy(random.random(shape)).to(lasts.device)
        anywhere = firsts + (share * (ends - firsts)).long()
        return torch.where(free, anywhere, ends)

    def _clip_logits(
        self, joined: Tensor, pool_lens: Tensor, hidden: Tensor, chunking: Chunking, ends: Tensor
    ) -> Tensor:
        """(B * K, V) logits of what the pooling head sees where each clip ends.

        As in a stream: the last committed frames and all of the window behind them.

        Args:
            joined: (B, P + T, D) frames kept from before and those committed in this piece.
            pool_lens: (B) how many of the first P are valid.
            hidden: (B, N, C + R, D) frames of each window.
            chunking: How the windows were cut.
            ends: (B, K) frame of this piece up to which the head shall see, at least.
        """
        pool = self._model.pool_frames
        num_frames, clips = joined.shape[1] - pool, ends.shape[1]
        rows = torch.arange(len(ends), device=ends.device)[:, None]
        ends = ends.clamp(1, num_frames)
        if chunking.chunk == num_frames:  # one window: the head looks back from anywhere
            begins, seen = ends, torch.zeros_like(ends)
            window = hidden.new_zeros(ends.numel(), 0, hidden.shape[-1])
        else:
            count = hidden.shape[1]
            index = (-(-(ends - chunking.width) // chunking.chunk)).clamp(0, count - 1)
            begins = index * chunking.chunk
            seen = (num_frames - begins).clamp(max=chunking.width)
            window = hidden.flatten(0, 1).index_select(0, (rows * count + index).flatten())
        places = rows * joined.shape[1] + begins
        places = places[:, :, None] + torch.arange(pool, device=ends.device)
        # index_select: its gradient is several times as fast as that of plain indexing.
        before = joined.flatten(0, 1).index_select(0, places.flatten())
        frames = torch.cat([before.view(len(ends) * clips, pool, -1), window], dim=1)
        known = (pool_lens[:, None] + begins).clamp(max=pool).flatten()
        return self._model.head(frames, pool - known, pool + seen.flatten())
