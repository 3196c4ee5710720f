"""What a training step minimises: the losses of the clip head and of the frame head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from speechrnn.config import Config
from speechrnn.dataset import Dataset
from speechrnn.models.command import CommandModel
from speechrnn.training.ctc_loss import ctc_loss
from speechrnn.training.distributed import Group
from speechrnn.training.keyword_loss import keyword_loss
from speechrnn.training.transcripts import Transcripts
from speechrnn.vocabulary import NON_WORDS

_SPIKE_DELAY_MS = 120.0  # what a frame says may belong to the clip that ended so long before


class Objective:
    """Adds up what each head of the network has to learn."""

    def __init__(
        self,
        config: Config,
        model: CommandModel,
        transcripts: Transcripts,
        group: Group | None = None,
    ) -> None:
        """Set up.

        Args:
            config: The run's settings.
            model: The network.
            transcripts: Of the training texts; looked at for a CTC head only.
            group: The processes that train together; none: this one alone.
        """
        self._group = group or Group(next(model.parameters()).device)
        self._left_out = 0
        self._model = model
        self._transcripts = transcripts
        self._kind = config.model.frame_head
        self._weight = config.training.frame_weight if model.head is not None else 1.0
        self._delay = config.frames(_SPIKE_DELAY_MS)
        self._criterion = nn.CrossEntropyLoss(label_smoothing=config.training.label_smoothing)
        self._keyword_of = torch.tensor(
            [
                0 if label in NON_WORDS or label not in model.symbols else model.symbols.id(label)
                for label in model.vocabulary
            ]
        )

    def take_left_out(self) -> int:
        """Sequences anywhere since the last call with too few frames for their units."""
        left_out, self._left_out = self._left_out, 0
        return left_out

    def clips(
        self,
        clip_logits: Tensor | None,
        frame_logits: Tensor,
        lens: Tensor,
        shares: Tensor,
        dataset: Dataset,
        draws: Tensor,
        share: float = 1.0,
    ) -> Tensor:
        """The loss on clips by themselves, of this process's part of a batch.

        Args:
            clip_logits: (B, V) of the clip head; none without one.
            frame_logits: (B, T, V') of the frame head.
            lens: (B) valid frames, int64.
            shares: (B, V) float32, the share of each label.
            dataset: Where the clips come from.
            draws: (B) int64, which clips they are.
            share: What they are of the batch of all processes.
        """
        loss = frame_logits.new_zeros(())
        if clip_logits is not None:
            loss = loss + share * self._criterion(clip_logits.float(), shares)
        if self._kind == "ctc":
            loss = loss + self._weight * self._sequences(
                frame_logits, lens, dataset, draws[:, None], share > 0
            )
        return loss

    def strung(
        self,
        clip_logits: Tensor | None,
        frame_logits: Tensor,
        firsts: Tensor,
        targets: Tensor,
        shares: Tensor | None,
        dataset: Dataset,
        draws: Tensor,
        share: float = 1.0,
    ) -> Tensor:
        """The loss on a piece of each stream of this process.

        Args:
            clip_logits: (B, K, V) of the clip head where each clip ends; none without one.
            frame_logits: (B, T, V') of the frame head.
            firsts: (B, K) first frame of each clip.
            targets: (B, K) label of each clip, int64.
            shares: (B, K, V) float32, the share of each label; none without a clip head.
            dataset: Where the clips come from.
            draws: (B, K) int64, which clips they are.
            share: What they are of the streams of all processes; at 0 they count nothing.
        """
        loss = frame_logits.new_zeros(())
        if clip_logits is not None and shares is not None:
            wanted = shares.flatten(0, 1)
            loss = loss + share * self._criterion(clip_logits.flatten(0, 1).float(), wanted)
        if self._kind == "keyword":
            words = self._keyword_of.to(targets.device)[targets]
            log_probs = frame_logits.float().log_softmax(-1)
            spotting = keyword_loss(log_probs, firsts + self._delay, words)
            loss = loss + self._weight * share * spotting
        if self._kind == "ctc":
            lens = torch.full((len(draws),), frame_logits.shape[1])
            loss = loss + self._weight * self._sequences(
                frame_logits, lens, dataset, draws, share > 0
            )
        return loss

    def _sequences(
        self, frame_logits: Tensor, lens: Tensor, dataset: Dataset, draws: Tensor, counts: bool
    ) -> Tensor:
        log_probs = frame_logits.float().log_softmax(-1)
        said = self._transcripts.strung(dataset.utterances, dataset.clips(draws))
        loss, left_out = ctc_loss(log_probs, lens, *said)
        possible = len(draws) - left_out if counts else 0
        all_possible, all_left_out = self._group.total(possible, left_out if counts else 0)
        self._left_out += int(all_left_out)
        return loss * (possible / max(1.0, all_possible))
