"""The front end inside the exported graph against the one that training uses."""

import math

import numpy as np
import pytest
import torch

from speechrnn.config import FeaturesConfig
from speechrnn.export.front_end import add_front_end
from speechrnn.export.graph import GraphBuilder
from speechrnn.features.front_end import FrontEnd

SIZES = {
    "default": {},
    "25 ms of 10 ms": {"window_ms": 25.0, "hop_ms": 10.0},
    "8 kHz": {"sample_rate_hz": 8000, "high_hz": 3800.0},
    "odd window": {"window_ms": 25.0625, "hop_ms": 10.0},
    "hop of 2 mod 4": {"window_ms": 25.0, "hop_ms": 10.125},
    "kaldi": {"style": "kaldi", "window_ms": 25.0, "hop_ms": 10.0},
    "kaldi log-mel": {"style": "kaldi", "kind": "logmel", "deltas": 0, "n_mels": 23},
    "log-mel, two deltas": {"kind": "logmel", "deltas": 2},
    "absolute": {"floor": "absolute", "floor_db": 70.0},
}


def make_session(front_end, open_session):
    g = GraphBuilder()
    wave = g.input("wave", "float32", ["B", "S"])
    peak = g.input("peak", "float32", ["B"])
    feats, peaks = add_front_end(g, front_end, wave, peak)
    g.output("feats", feats, "float32", ["B", "F", "T"])
    g.output("peaks", peaks or peak, "float32", ["B", "Tb"] if peaks else ["B"])
    return open_session(g.model("test", {}).SerializeToString())


def make_front_end(**settings):
    front_end = FrontEnd(FeaturesConfig(**settings))
    torch.manual_seed(0)
    dimension = front_end.config.dimension
    front_end.set_statistics(torch.randn(dimension), torch.rand(dimension) + 1)
    return front_end


def assert_equal(front_end, session, run, wave, peak):
    feats, peaks = front_end(wave, peak)
    got = run(session, wave=wave.numpy(), peak=peak.numpy())
    np.testing.assert_allclose(got["feats"], feats.transpose(1, 2).numpy(), atol=1e-4, rtol=0)
    if front_end.config.floor == "peak":
        np.testing.assert_allclose(got["peaks"], peaks.numpy(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", list(SIZES))
def test_equals_training_on_noise(name, open_session, run):
    front_end = make_front_end(**SIZES[name])
    session = make_session(front_end, open_session)
    noise = torch.randn(3, 20001) * torch.tensor([[1e-3], [0.1], [1.0]])
    for samples in (front_end.grid.window_samples, 9001, 20001):
        peak = torch.tensor([-3.0, 2.0, 9.0])
        assert_equal(front_end, session, run, noise[:, :samples], peak)


def test_equals_training_on_a_tone_between_silences(open_session, run):
    """Next to a full-scale tone the floor hides what float32 cannot resolve."""
    front_end = make_front_end()
    tone = torch.sin(torch.arange(8000) * (2 * math.pi * 440 / 16000))
    wave = torch.cat([torch.zeros(6000), tone, torch.zeros(6000)])[None]
    session = make_session(front_end, open_session)
    assert_equal(front_end, session, run, wave, front_end.initial_peak(1))


@pytest.mark.parametrize("decay_db_s", [0.0, 0.5, 10.0, 200.0])
def test_running_peak_over_a_minute(decay_db_s, open_session, run):
    """Loud at the start, then ever quieter: the peak must remember for as long as it is felt."""
    front_end = make_front_end(
        sample_rate_hz=4000, high_hz=1900.0, n_mels=16, n_mfcc=8, peak_decay_db_s=decay_db_s
    )
    wave = torch.randn(2, 3000 * 80) * torch.logspace(0, -6, 3000 * 80)
    wave[1] = wave[1].flip(0)
    session = make_session(front_end, open_session)
    assert_equal(front_end, session, run, wave, front_end.initial_peak(2))
