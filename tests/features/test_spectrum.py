"""Spectra and cepstra against torchaudio, librosa and kaldi-native-fbank.

Tolerances are 1e-4 in natural-log power: float32 Fourier transforms of different make differ by a
few 1e-5 there. Kaldi's lifter multiplies cepstra by up to 12, so it is undone before comparing.
"""

from __future__ import annotations

import kaldi_native_fbank
import librosa
import numpy as np
import pytest
import torch
import torchaudio

from speechrnn.config import FeaturesConfig
from speechrnn.errors import ConfigError
from speechrnn.features import FrontEnd
from speechrnn.features.spectrum import LOG_OFFSET

NO_FLOOR = {"floor": "absolute", "floor_db": 1000.0, "deltas": 0}
RATES = {8000: 3800.0, 16000: 7600.0}


def speech_like(rate_hz: int, seconds: float = 0.7) -> torch.Tensor:
    """Gliding harmonics and noise, (S,) in [-1, 1]."""
    random = np.random.default_rng(rate_hz)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    pitch = np.cumsum(120 + 40 * np.sin(5 * time_s)) / rate_hz
    voice = sum(np.sin(2 * np.pi * k * pitch) / k for k in range(1, 20))
    wave = 0.1 * voice * (1.1 + np.sin(9 * time_s)) + 0.01 * random.standard_normal(len(time_s))
    return torch.from_numpy(wave.astype(np.float32))


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("window_ms", [25.0, 32.0])
def test_log_mel_is_torchaudios(rate_hz: int, window_ms: float) -> None:
    config = FeaturesConfig(
        sample_rate_hz=rate_hz, high_hz=RATES[rate_hz], window_ms=window_ms, kind="logmel",
        n_mels=30, **NO_FLOOR,
    )  # fmt: skip
    wave = speech_like(rate_hz)[None]
    feats, _ = FrontEnd(config)(wave)
    reference = torchaudio.transforms.MelSpectrogram(
        rate_hz, FrontEnd(config).spectrum.fft_size, config.window_samples, config.hop_samples,
        config.low_hz, config.high_hz, n_mels=30, center=False,
    )  # fmt: skip
    # torchaudio sets a short window in the middle of the transform: shift the wave to match.
    around = (reference.n_fft - config.window_samples) // 2
    padded = torch.nn.functional.pad(wave, (around, reference.n_fft))
    expected = torch.log(reference(padded) + LOG_OFFSET)[0].T[: feats.shape[1]]
    torch.testing.assert_close(feats[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate_hz", RATES)
def test_mfcc_is_torchaudios(rate_hz: int) -> None:
    config = FeaturesConfig(sample_rate_hz=rate_hz, high_hz=RATES[rate_hz], n_mels=30, **NO_FLOOR)
    wave = speech_like(rate_hz)
    feats, _ = FrontEnd(config)(wave[None])
    reference = torchaudio.transforms.MFCC(
        rate_hz, config.n_mfcc, log_mels=True,
        melkwargs={
            "n_fft": config.window_samples, "hop_length": config.hop_samples, "center": False,
            "f_min": config.low_hz, "f_max": config.high_hz, "n_mels": 30,
        },
    )  # fmt: skip
    # Its logarithm adds 1e-6; loud input makes that, and 1e-10 here, vanish.
    feats, _ = FrontEnd(config)(1e3 * wave[None])
    torch.testing.assert_close(feats[0], reference(1e3 * wave).T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate_hz", RATES)
def test_log_mel_and_mfcc_are_librosas(rate_hz: int) -> None:
    settings = {"sample_rate_hz": rate_hz, "high_hz": RATES[rate_hz], "n_mels": 30, **NO_FLOOR}
    config = FeaturesConfig(**settings)
    wave = speech_like(rate_hz)
    power = librosa.feature.melspectrogram(
        y=wave.numpy(), sr=rate_hz, n_fft=config.window_samples, hop_length=config.hop_samples,
        center=False, power=2.0, n_mels=30, fmin=config.low_hz, fmax=config.high_hz,
        htk=True, norm=None,
    )  # fmt: skip
    log_mel = np.log(power + LOG_OFFSET)
    cepstra = librosa.feature.mfcc(S=log_mel, n_mfcc=config.n_mfcc, dct_type=2, norm="ortho")
    for kind, expected in {"logmel": log_mel, "mfcc": cepstra}.items():
        feats, _ = FrontEnd(FeaturesConfig(**settings, kind=kind))(wave[None])
        np.testing.assert_allclose(feats[0].numpy(), expected.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("kind", ["logmel", "mfcc"])
def test_kaldi_style_is_kaldis(rate_hz: int, kind: str) -> None:
    config = FeaturesConfig(
        sample_rate_hz=rate_hz, high_hz=RATES[rate_hz], style="kaldi", kind=kind,
        window_ms=25.0, hop_ms=10.0, n_mels=23, n_mfcc=13, low_hz=20.0, **NO_FLOOR,
    )  # fmt: skip
    options = (
        kaldi_native_fbank.FbankOptions() if kind == "logmel" else kaldi_native_fbank.MfccOptions()
    )
    options.frame_opts.samp_freq = rate_hz
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 23
    options.mel_opts.low_freq = 20.0
    options.mel_opts.high_freq = RATES[rate_hz]
    options.use_energy = False
    if kind == "logmel":
        kaldi = kaldi_native_fbank.OnlineFbank(options)
    else:
        options.num_ceps = 13
        kaldi = kaldi_native_fbank.OnlineMfcc(options)
    wave = 32768 * speech_like(rate_hz)  # Kaldi's scale
    kaldi.accept_waveform(rate_hz, wave.tolist())
    kaldi.input_finished()
    expected = np.stack([kaldi.get_frame(i) for i in range(kaldi.num_frames_ready)])
    feats, _ = FrontEnd(config)(wave[None])
    assert len(expected) == config.grid.valid_frames(len(wave))
    scale = 1.0 if kind == "logmel" else 1 + 11 * np.sin(np.pi * np.arange(13) / 22)
    np.testing.assert_allclose(feats[0].numpy() / scale, expected / scale, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("samples", [512, 831, 832, 833, 5000])
def test_frame_counts_are_everyones(samples: int) -> None:
    config = FeaturesConfig(**NO_FLOOR)
    wave = torch.zeros(1, samples)
    expected = config.grid.valid_frames(samples)
    assert FrontEnd(config)(wave)[0].shape[1] == expected
    reference = torchaudio.transforms.MelSpectrogram(16000, 512, 512, 320, n_mels=40, center=False)
    assert reference(wave).shape[-1] == expected
    assert librosa.feature.melspectrogram(
        y=wave[0].numpy(), sr=16000, n_fft=512, hop_length=320, n_mels=40, center=False
    ).shape[-1] == expected  # fmt: skip


@pytest.mark.parametrize("style", ["torchaudio", "kaldi"])
def test_frame_matrix_is_the_transform(style: str) -> None:
    spectrum = FrontEnd(FeaturesConfig(style=style, window_ms=25.0)).spectrum
    frames = speech_like(16000).unfold(0, 400, 320)
    product = (frames @ spectrum.frame_matrix()).unflatten(-1, (2, -1))
    power = spectrum.analyse(frames).abs().square()
    torch.testing.assert_close(
        spectrum.log_mel(product.square().sum(-2)), spectrum.log_mel(power), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("window_ms", [32.0, 64.0])
def test_full_scale_is_a_sine_of_amplitude_one(window_ms: float) -> None:
    spectrum = FrontEnd(FeaturesConfig(window_ms=window_ms)).spectrum
    sine = torch.sin(2 * torch.pi * 1000 * torch.arange(spectrum.window_samples) / 16000)
    line = spectrum.analyse(sine).abs().square().max().log()
    torch.testing.assert_close(line.item(), spectrum.full_scale, rtol=0, atol=1e-3)


def test_bands_without_a_spectral_line_are_refused() -> None:
    with pytest.raises(ConfigError, match="lower n_mels or widen window_ms"):
        FrontEnd(FeaturesConfig(n_mels=200))
