"""The classification head: pooling over time and the output layer."""

from __future__ import annotations

from torch import Tensor, nn

from speechrnn.config import ModelConfig
from speechrnn.models.pooling import AttentionPool, MultiHeadPool, pool_last, pool_max, pool_mean


class ClassificationHead(nn.Module):
    """Pooling over time and a linear output layer.

    Every pooling of one lone frame is that frame itself, so the output layer applied to a frame
    is the head of a one-frame utterance.

    Args:
        config: The network's settings.
        hidden_size: D, size of a hidden frame.
        num_labels: V, size of the output.
    """

    def __init__(self, config: ModelConfig, hidden_size: int, num_labels: int) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.forward_size = config.hidden_size
        self.heads = config.attention_heads
        if config.pooling == "attention":
            self.attention = AttentionPool(hidden_size, config.attention_heads)
        elif config.pooling == "multihead":
            self.multihead = MultiHeadPool(hidden_size, config.attention_heads)
        self.output = nn.Linear(hidden_size, num_labels)

    def forward(self, hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
        """(B, V) logits of whole utterances.

        Args:
            hidden: (B, T, D) hidden frames.
            starts: (B) first valid frame, int64.
            stops: (B) frame behind the last valid one, int64, beyond `starts`.
        """
        starts, stops = starts.to(hidden.device), stops.to(hidden.device)
        return self.output(self._pool(hidden, starts, stops))

    def _pool(self, hidden: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
        if self.pooling == "last":
            return pool_last(hidden, starts, stops, self.forward_size)
        if self.pooling == "mean":
            return pool_mean(hidden, starts, stops)
        if self.pooling == "max":
            return pool_max(hidden, starts, stops)
        if self.pooling == "multihead":
            return self.multihead(hidden, starts, stops)
        return self.attention(hidden, starts, stops)
