"""The power in mel bands as ONNX nodes: a matrix where torch runs a fast Fourier transform."""

from __future__ import annotations

import numpy as np

from speechrnn.export.graph import GraphBuilder
from speechrnn.features.spectrum import LOG_OFFSET, MelSpectrum

_PHASES = 4


def add_log_mel(g: GraphBuilder, spectrum: MelSpectrum, wave: str) -> str:
    """(B, M, T) log power in mel bands.

    A window's samples n = R m + p are analysed by phase p, each only for the lowest bins
    k <= fft / 2R; with R roots of unity these make all other bins: the first step of a fast Fourier
    transform (Cooley & Tukey 1965), which leaves 1 / R of the multiplications and turns the rest
    into matrix products. Where the analysis is more than a window and a Fourier transform, R is 1.

    Args:
        g: The graph.
        spectrum: The front end's spectrum.
        wave: (B, S) samples.
    """
    phases = _phases(spectrum)
    matrix = spectrum.frame_matrix().numpy()  # (N, 2 * bins)
    bank = spectrum.bank.numpy()  # (bins, M)
    bins = len(bank)
    low, bank = _bins(bank, spectrum.fft_size, phases)
    # Output channels: phase, then real | imaginary, then bin.
    parts = np.stack([matrix[:, low], matrix[:, bins + low]])  # (2, N, K)
    parts = parts.reshape(2, -1, phases, len(low)).transpose(2, 0, 3, 1)  # (R, 2, K, N / R)
    weights = parts.reshape(phases * 2 * len(low), 1, -1)
    x = _add_phases(g, wave, phases)
    x = g.node(
        "Conv", x, g.constant(weights), strides=[spectrum.hop_samples // phases], group=phases
    )
    if phases > 1:
        x = g.node("Reshape", x, g.ints(0, 2 * phases, -1))  # (B, 2R, K * T)
        x = g.node("MatMul", g.constant(_roots(phases)), x)
        x = g.node("Reshape", x, g.ints(0, 2 * phases * len(low), -1))  # (B, 2R * K, T)
    power = g.node("Mul", x, x)
    mel = g.node("MatMul", g.constant(bank.T), power)
    return g.node("Log", g.node("Add", mel, g.constant(LOG_OFFSET)))


def _phases(spectrum: MelSpectrum) -> int:
    sizes = (spectrum.hop_samples, spectrum.window_samples, spectrum.fft_size // 2)
    whole = all(size % _PHASES == 0 for size in sizes)
    return _PHASES if whole and not spectrum.kaldi else 1


def _bins(bank: np.ndarray, fft_size: int, phases: int) -> tuple[np.ndarray, np.ndarray]:
    """(K) bins to analyse, and (2R * K, M) band weights of the squares that they lead to."""
    low = np.arange(fft_size // 2 // phases + 1)
    bins = low + fft_size // phases * np.arange(phases)[:, None]  # (R, K)
    bins = np.minimum(bins, fft_size - bins)  # the spectrum of real samples is symmetric
    _, first = np.unique(bins, return_index=True)
    once = np.zeros(bins.size, bool)
    once[first] = True
    weights = (bank[bins.ravel()] * once[:, None]).reshape(phases, len(low), -1)
    used = weights.any(axis=(0, 2))
    weights = weights[:, used]
    weights = np.stack([weights, weights], axis=1)  # real and imaginary part count alike
    return low[used], weights.reshape(-1, weights.shape[-1])


def _roots(phases: int) -> np.ndarray:
    """(2R, 2R) the discrete Fourier transform of R complex numbers, real | imaginary each."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(phases), np.arange(phases)) / phases)
    blocks = np.array([[turns.real, -turns.imag], [turns.imag, turns.real]])  # (2, 2, R, R)
    return blocks.transpose(2, 0, 3, 1).reshape(2 * phases, 2 * phases).round(12)


def _add_phases(g: GraphBuilder, wave: str, phases: int) -> str:
    """(B, R, S / R) the samples by phase."""
    if phases == 1:
        return g.node("Unsqueeze", wave, g.ints(1))
    whole = g.node("Div", g.size(wave, 1), g.ints(phases))
    whole = g.node("Mul", whole, g.ints(phases))
    wave = g.node("Slice", wave, g.ints(0), whole, g.ints(1))
    return g.node("Transpose", g.node("Reshape", wave, g.ints(0, -1, phases)), perm=[0, 2, 1])
