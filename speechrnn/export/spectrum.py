"""The power in mel bands as ONNX nodes: a matrix where torch runs a fast Fourier transform."""

from __future__ import annotations

import math

import numpy as np

from speechrnn.export.graph import GraphBuilder
from speechrnn.features.spectrum import LOG_OFFSET, MelSpectrum

_MOST_PHASES = 8


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
    stride = spectrum.hop_samples // phases
    x = g.node("Unsqueeze", wave, g.ints(1))
    if phases > 1:
        deal = g.constant(np.eye(phases)[:, None])
        x = g.node("Conv", x, deal, strides=[phases])  # (B, R, S / R)
    x = g.node("Conv", x, g.constant(weights), strides=[stride], group=phases)
    if phases > 1:
        x = g.node("Reshape", x, g.ints(0, 2 * phases, -1))  # (B, 2R, K * T)
        x = g.node("MatMul", g.constant(_roots(phases)), x)
    real, imaginary = g.nodes("Split", g.node("Mul", x, x), outputs=(True, True), axis=1)
    power = g.node("Add", real, imaginary)
    power = g.node("Reshape", power, g.ints(0, phases * len(low), -1))  # (B, R * K, T)
    mel = g.node("MatMul", g.constant(bank.T), power)
    return g.node("Log", g.node("Add", mel, g.constant(LOG_OFFSET)))


def _phases(spectrum: MelSpectrum) -> int:
    if spectrum.kaldi:
        return 1
    sizes = (spectrum.hop_samples, spectrum.window_samples, spectrum.fft_size // 2)
    return math.gcd(_MOST_PHASES, *sizes)


def _bins(bank: np.ndarray, fft_size: int, phases: int) -> tuple[np.ndarray, np.ndarray]:
    """(K) bins to analyse, and (R * K, M) band weights of the squares that they lead to."""
    low = np.arange(fft_size // 2 // phases + 1)
    bins = low + fft_size // phases * np.arange(phases)[:, None]  # (R, K)
    bins = np.minimum(bins, fft_size - bins)  # the spectrum of real samples is symmetric
    _, first = np.unique(bins, return_index=True)
    once = np.zeros(bins.size, bool)
    once[first] = True
    weights = (bank[bins.ravel()] * once[:, None]).reshape(phases, len(low), -1)
    used = weights.any(axis=(0, 2))
    return low[used], weights[:, used].reshape(-1, bank.shape[1])


def _roots(phases: int) -> np.ndarray:
    """(2R, 2R) the Fourier transform of R complex numbers: in by phase, out by real | imaginary."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(phases), np.arange(phases)) / phases)
    blocks = np.array([[turns.real, -turns.imag], [turns.imag, turns.real]])  # (2, 2, R, R)
    return blocks.transpose(0, 2, 3, 1).reshape(2 * phases, 2 * phases).round(12)
