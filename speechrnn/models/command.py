"""The command model: from waveform to the log-probability of each word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechrnn.config import Config
from speechrnn.features.front_end import FrontEnd
from speechrnn.models.chunks import Chunking
from speechrnn.models.convolution import ConvolutionStack
from speechrnn.models.encoder import RecurrentEncoder
from speechrnn.models.head import ClassificationHead
from speechrnn.models.lengths import num_frames, valid_frames
from speechrnn.models.recurrent import LayerState
from speechrnn.rows import up_to
from speechrnn.vocabulary import Vocabulary

State = dict[str, Tensor]
Lexicon = dict[str, list[list[str]]]

# Where the blank does not begin as the likeliest symbol, a word may come to fill the frames in its
# place, and a small corpus never gets out of that again.
_BLANK_BIAS = 3.0

# Of a batch on a CPU at a time; the spectra of more no longer fit its caches.
_CACHED_SAMPLES = 1 << 18


@dataclass(frozen=True)
class ModelOutput:
    """What one window yields.

    Attributes:
        log_probs: (B, T, V') of each frame over `symbols`; arbitrary beyond the valid frames.
        clip_log_probs: (B, V) of the pooled frames; without a clip head V is 0.
        state: What the next window starts from.
    """

    log_probs: Tensor
    clip_log_probs: Tensor
    state: State


class CommandModel(nn.Module):
    """Front end, convolutions, recurrent encoder, a head for clips, one for frames, or both.

    Training goes `features` -> (masks on features) -> `hidden` -> logits of clips and of frames;
    `forward` is the interface that the exported file has too, for whole utterances and for windows
    of a stream.

    Attributes:
        vocabulary: The labels of a clip.
        lexicon: Pronunciations of each word, where the symbols are phones.
        symbols: The labels of a frame: those of a clip, judged by the clip's output layer; with a
            keyword head `BLANK` and the words; with a CTC head `BLANK` and its units.
    """

    def __init__(
        self,
        config: Config,
        vocabulary: Vocabulary,
        symbols: Vocabulary | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        """Set up with random weights.

        Args:
            config: The run's settings.
            vocabulary: The labels of a clip; none without a clip head.
            symbols: Those of a CTC head, `BLANK` first; needed for one, else left out.
            lexicon: How words are made of a CTC head's phones.
        """
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.lexicon = lexicon
        self.grid = config.grid
        self.pool_frames = config.grid.num_frames(config.clip_samples)
        self.front_end = FrontEnd(config.features)
        self.convolutions = ConvolutionStack(
            config.model.convolutions,
            config.features.dimension,
            1 + config.features.deltas,
            config.model.batch_norm,
        )
        self.encoder = RecurrentEncoder(config.model, self.convolutions.output_size)
        size, kind = self.encoder.output_size, config.model.frame_head
        self.head: ClassificationHead | None = None
        if config.model.pooling != "none":
            self.head = ClassificationHead(config.model, size, len(vocabulary))
        self.symbols = vocabulary.keywords() if kind == "keyword" else symbols or vocabulary
        self.frame_head = None if kind == "shared" else nn.Linear(size, len(self.symbols))
        if self.frame_head is not None and kind == "ctc":
            nn.init.constant_(self.frame_head.bias[:1], _BLANK_BIAS)

    def with_config(self, config: Config) -> CommandModel:
        """A network of another configuration that judges the same symbols; random weights."""
        symbols = self.symbols if config.model.frame_head == "ctc" else None
        return CommandModel(config, self.vocabulary, symbols, self.lexicon)

    @property
    def frame_output(self) -> nn.Linear:
        """The layer that judges single frames."""
        if self.frame_head is not None:
            return self.frame_head
        assert self.head is not None  # the configuration sees to that
        return self.head.output

    @property
    def num_parameters(self) -> int:
        """How many trained numbers the model holds."""
        return sum(parameter.numel() for parameter in self.parameters())

    def features(self, wave: Tensor, wave_lens: Tensor) -> tuple[Tensor, Tensor]:
        """Features of whole utterances, the context of zeros at both ends added here.

        Args:
            wave: (B, S) float32 in [-1, 1], anything beyond `wave_lens`.
            wave_lens: (B) samples, int64.

        Returns:
            (B, T, F) features, frames of context for the convolutions included, and (B) how
            many of them belong to each utterance.
        """
        rows = len(wave)
        if wave.device.type == "cpu":
            rows = max(1, _CACHED_SAMPLES // max(1, wave.shape[1]))
        parts = zip(wave.split(rows), wave_lens.to(wave.device).split(rows), strict=True)
        feats = torch.cat([self._features(*part) for part in parts])
        frames = num_frames(self.grid, wave_lens)
        context_lens = (frames - 1) * self.grid.hop_samples + self.grid.window_samples
        return feats, valid_frames(self.front_end.grid, context_lens)

    def _features(self, wave: Tensor, wave_lens: Tensor) -> Tensor:
        samples = wave.shape[1]
        wave = wave * up_to(wave_lens, samples, wave.dtype)
        total = self.grid.padded_samples(self.grid.num_frames(samples))
        left = self.grid.left_samples
        padded = nn.functional.pad(wave, (left, total - left - samples))
        return self._front_end(padded, None)[0]

    def logits(self, feats: Tensor, feat_lens: Tensor) -> Tensor:
        """(B, V) logits of whole utterances; needs a clip head.

        Args:
            feats: (B, T, F) from `features`.
            feat_lens: (B) valid frames, int64.
        """
        return self.clip_logits(*self.hidden(feats, feat_lens))

    def hidden(
        self, feats: Tensor, feat_lens: Tensor, bptt_frames: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Hidden frames of whole utterances.

        Args:
            feats: (B, T', F) from `features`.
            feat_lens: (B) valid frames, int64.
            bptt_frames: Output frames that gradients go back through time, at most; none: all.

        Returns:
            (B, T, D) frames, arbitrary beyond (B) how many of them are valid.
        """
        x, lens = self.convolutions(feats, feat_lens)
        if bptt_frames is not None and x.shape[1] > bptt_frames:
            return self.encoder.truncated(x, lens, bptt_frames), lens
        hidden, _ = self.encoder(x, lens)
        return hidden, lens

    def clip_logits(self, hidden: Tensor, lens: Tensor) -> Tensor:
        """(B, V) logits of whole utterances from their hidden frames.

        Args:
            hidden: (B, T, D) from `hidden`.
            lens: (B) valid frames, int64.
        """
        assert self.head is not None
        logits: Tensor = self.head(hidden, torch.zeros_like(lens), lens)
        return logits

    def stream_features(self, wave: Tensor, peak: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Features of one piece of each stream.

        Args:
            wave: (B, S) float32, context included, for whole frames: `grid.padded_samples`.
            peak: (B) running peak before the piece; none with an absolute floor.

        Returns:
            (B, T, F) features, frames of context for the convolutions included, and the peak
            before the next piece, whose samples begin `grid.valid_frames(S)` hops later.
        """
        feats, peaks = self._front_end(wave, peak)
        if peak is None:
            return feats, None
        frames = self.grid.valid_frames(wave.shape[1])
        return feats, self._next_peak(peaks, torch.full((len(wave),), frames), peak)

    def encode(self, feats: Tensor, state: State, chunking: Chunking) -> tuple[Tensor, State]:
        """Hidden frames of one piece of each stream, in chunks with look-ahead.

        Args:
            feats: (B, T', F) from `stream_features`.
            state: Holds what the recurrent layers carry, as `initial_state` does.
            chunking: Frames committed and looked ahead by each window; both in output frames.

        Returns:
            (B, K, C + R, D) hidden frames of each window, see `RecurrentEncoder.windows`, and the
            recurrent layers' part of the state after the piece.
        """
        x, _ = self.convolutions(feats, torch.full((len(feats),), feats.shape[1]))
        layers = [self._layer_state(state, i) for i in range(len(self.encoder.layers))]
        hidden, layers = self.encoder.windows(x, layers, chunking)
        return hidden, _flat(layers)

    def initial_state(self, batch_size: int) -> State:
        """What the first window of a stream starts from."""
        state = _flat(self.encoder.initial_state(batch_size))
        if self.config.features.floor == "peak":
            state["peak"] = self.front_end.initial_peak(batch_size)
        if self.head is not None:
            pool = next(self.parameters()).new_zeros(batch_size, 0, self.encoder.output_size)
            state["pool"] = pool
            state["pool_lens"] = torch.zeros(batch_size, dtype=torch.int64, device=pool.device)
        return state

    def forward(
        self,
        wave: Tensor,
        wave_lens: Tensor,
        commit: Tensor | None = None,
        state: State | None = None,
    ) -> ModelOutput:
        """Run over one window of each stream, or over whole utterances.

        Args:
            wave: (B, S) float32, context included: `grid.left_samples` of what came before (zeros
                at the start), and what is known of the right context (zeros at the end).
            wave_lens: (B) samples with context, int64, at least one `grid.window_samples`.
            commit: (B) frames that the next window will not see again, int64, at most
                `grid.valid_frames(wave_lens)`; none: all of them.
            state: From the window before; none: the start of a stream.

        Returns:
            Log-probabilities, and the state after `commit` frames. The next window's first
            sample lies `commit * grid.hop_samples` behind this one's.
        """
        state = self.initial_state(len(wave)) if state is None else state
        commit = valid_frames(self.grid, wave_lens) if commit is None else commit
        feats, peaks = self._front_end(wave, state.get("peak"))
        x, lens = self.convolutions(feats, valid_frames(self.front_end.grid, wave_lens))
        layers = [self._layer_state(state, i) for i in range(len(self.encoder.layers))]
        hidden, layers = self.encoder(x, lens, layers, commit)
        next_state = _flat(layers)
        if "peak" in state:
            next_state["peak"] = self._next_peak(peaks, commit, state["peak"])
        log_probs = self.frame_output(hidden).log_softmax(dim=-1)
        if self.head is None:
            return ModelOutput(log_probs, log_probs.new_zeros(len(wave), 0), next_state)
        pool, pool_lens = state["pool"], state["pool_lens"]
        joined = torch.cat([pool.to(hidden.dtype), hidden], dim=1)  # (B, P + T, D)
        starts, joint = pool.shape[1] - pool_lens, pool.shape[1]
        clip = self.head(joined, starts, joint + lens.to(joined.device))
        next_state |= self._next_pool(joined, pool_lens, joint + commit.to(joined.device), commit)
        return ModelOutput(log_probs, clip.log_softmax(dim=-1), next_state)

    def _front_end(self, wave: Tensor, peak: Tensor | None) -> tuple[Tensor, Tensor]:
        with torch.autocast(wave.device.type, enabled=False):  # log-energies need float32
            return self.front_end(wave, peak)

    def _layer_state(self, state: State, i: int) -> LayerState:
        names = (f"rnn_{i}", f"rnn_{i}_cell")
        return tuple(state[name] for name in names if name in state)

    def _next_peak(self, peaks: Tensor, commit: Tensor, peak: Tensor) -> Tensor:
        stride = self.grid.hop_samples // self.front_end.grid.hop_samples
        commit = commit.to(peaks.device)
        rows = torch.arange(len(peaks), device=peaks.device)
        return torch.where(commit > 0, peaks[rows, (commit * stride - 1).clamp(min=0)], peak)

    def _next_pool(self, joined: Tensor, pool_lens: Tensor, stops: Tensor, commit: Tensor) -> State:
        """The last `pool_frames` committed frames of each stream, right-aligned."""
        size = min(self.pool_frames, joined.shape[1])
        places = stops[:, None] - size + torch.arange(size, device=joined.device)
        rows = torch.arange(len(joined), device=joined.device)[:, None]
        kept = (pool_lens + commit.to(pool_lens.device)).clamp(max=self.pool_frames)
        return {"pool": joined[rows, places.clamp(min=0)], "pool_lens": kept}


def _flat(layers: list[LayerState]) -> State:
    state = {}
    for i, layer in enumerate(layers):
        for suffix, tensor in zip(("", "_cell"), layer, strict=False):
            state[f"rnn_{i}{suffix}"] = tensor
    return state
