"""What a network costs: multiply-adds, and processor time for one clip."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

Name = TypeVar("Name", bound=Hashable)
_BLOCK = 10  # runs of one way before the next has its turn


@torch.no_grad()
def multiply_adds(work: Callable[[], object]) -> int:
    """Multiply-adds of convolutions and matrix products; nothing else is counted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the next line, about GPUs of Intel
        without_onednn = torch.backends.mkldnn.flags(enabled=False)  # its LSTM would not be seen
        with without_onednn, FlopCounterMode(display=False) as counter:
            work()
    return counter.get_total_flops() // 2


def num_parameters(network: nn.Module) -> int:
    """How many trained numbers there are."""
    return sum(parameter.numel() for parameter in network.parameters())


@torch.inference_mode()
def median_ms(ways: Mapping[Name, Callable[[], object]], runs: int) -> dict[Name, float]:
    """Median processor time of each way, in turns; one thread, as nothing else is set up here."""
    times_ms: dict[Name, list[float]] = {name: [] for name in ways}
    for block in range(-1, -(-runs // _BLOCK)):
        for name, work in ways.items():
            for _ in range(_BLOCK):
                began = time.process_time()
                work()
                if block >= 0:  # the first block warms up
                    times_ms[name].append(1e3 * (time.process_time() - began))
    return {name: statistics.median(values) for name, values in times_ms.items()}
