"""Rooms and channels. float32 transforms of 2^15 samples are right to about 1e-6: 1e-5 here."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.signal import fftconvolve

from speechrnn.augment.room import Rooms, room_responses, transmit

TOLERANCE = {"rtol": 0, "atol": 1e-5}
RATE_HZ = 8000


def send(
    wave: torch.Tensor, response: torch.Tensor, low_hz: float = 0.0, high_hz: float = math.inf
) -> torch.Tensor:
    sent, lens = wave[None].clone(), torch.tensor([len(wave)])
    limits = torch.tensor([low_hz]), torch.tensor([high_hz])
    first = torch.tensor([0])
    transmit(sent, lens, first, Rooms(response[None]), first, *limits, RATE_HZ)
    return sent[0]


def test_reverberation_is_convolution() -> None:
    torch.manual_seed(0)
    wave, rooms = torch.randn(3000), room_responses(0, (0.1, 0.4), RATE_HZ)
    expected = fftconvolve(wave.double().numpy(), rooms[9].double().numpy())[:3000]
    torch.testing.assert_close(
        send(wave, rooms[9]), torch.from_numpy(expected).float(), **TOLERANCE
    )
    torch.testing.assert_close(send(wave, rooms[0]), wave, **TOLERANCE)


def test_rooms_decay_as_they_should() -> None:
    rooms = room_responses(0, (0.2, 0.6), RATE_HZ)
    assert rooms.shape[1] == round(0.6 * RATE_HZ)
    torch.testing.assert_close(rooms.square().sum(1), torch.ones(len(rooms)), rtol=1e-4, atol=0)
    assert (rooms[1:].abs().argmax(1) == 0).all()
    # The energy that is still to come (Schroeder 1965) falls by 60 dB in the reverberation time.
    left = rooms[1:].double().square().flip(1).cumsum(1).flip(1)
    level_db = 10 * torch.log10(left[:, [400, 1000]] / left[:, :1])
    slope = (level_db[:, 0] - level_db[:, 1]) / (600 / RATE_HZ)
    decay_s = torch.linspace(0.2, 0.6, 2 * 48 + 1)[1::2].double()
    torch.testing.assert_close(60 / slope, decay_s, rtol=0.25, atol=0.0)


@pytest.mark.parametrize(("tone_hz", "kept"), [(100, 0.0), (300, 0.5), (1000, 1.0), (3500, 0.0)])
def test_channel_keeps_its_band(tone_hz: float, kept: float) -> None:
    """Power of a tone after a telephone channel of 300 to 2500 Hz, edges at -3 dB."""
    tone = torch.sin(2 * math.pi * tone_hz * torch.arange(8000) / RATE_HZ)
    nothing = room_responses(0, (0.1, 0.2), RATE_HZ)[0]
    sent = send(tone, nothing, 300.0, 2500.0)[1000:-1000]
    assert abs(sent.square().mean() / 0.5 - kept) < 0.01


def test_a_row_is_the_same_alone_and_among_others() -> None:
    torch.manual_seed(1)
    rooms = room_responses(3, (0.1, 0.3), RATE_HZ)
    lens, rows = torch.tensor([1500, 20_000, 9000]), torch.tensor([0, 2])
    wave = torch.randn(3, 20_000) * (torch.arange(20_000) < lens[:, None])
    together = wave.clone()
    limits = torch.tensor([0.0, 300.0]), torch.tensor([3000.0, math.inf])
    transmit(together, lens, rows, Rooms(rooms), rows + 5, *limits, RATE_HZ)
    for i, row in enumerate(rows):
        alone = send(wave[row, : lens[row]], rooms[row + 5], *(hz[i].item() for hz in limits))
        torch.testing.assert_close(together[row, : lens[row]], alone, **TOLERANCE)
        assert not together[row, lens[row] :].any()
    torch.testing.assert_close(together[1], wave[1], rtol=0, atol=0)
