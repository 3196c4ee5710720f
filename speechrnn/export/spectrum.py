"""The power in mel bands as ONNX nodes: a matrix where torch runs a fast Fourier transform."""

from __future__ import annotations

import math

import numpy as np

from speechrnn.export.graph import GraphBuilder
from speechrnn.export.weights import add_stored
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
    low, bank = _bins(spectrum.bank.numpy(), spectrum.fft_size, phases)
    stride = spectrum.hop_samples // phases
    x = g.node("Unsqueeze", wave, g.ints(1))
    if phases > 1:
        deal = g.constant(np.eye(phases)[:, None])
        x = g.node("Conv", x, deal, strides=[phases])  # (B, R, S / R)
    weights = _add_analysis(g, spectrum, low, phases)
    x = g.node("Conv", x, weights, strides=[stride], group=phases)
    if phases > 1:
        x = g.node("Reshape", x, g.ints(0, 2 * phases, -1))  # (B, 2R, K * T)
        x = g.node("MatMul", g.constant(_roots(phases)), x)
    real, imaginary = g.nodes("Split", g.node("Mul", x, x), outputs=(True, True), axis=1)
    power = g.node("Add", real, imaginary)
    power = g.node("Reshape", power, g.ints(0, phases * len(low), -1))  # (B, R * K, T)
    mel = g.node("MatMul", add_stored(g, bank.T), power)
    return g.node("Log", g.node("Add", mel, g.constant(LOG_OFFSET)))


def _add_analysis(g: GraphBuilder, spectrum: MelSpectrum, low: np.ndarray, phases: int) -> str:
    """(R * 2 * K, 1, N / R) kernels: phase, then real | imaginary, then bin.

    Those of a window and a Fourier transform are made of one turn of a cosine when the file is
    loaded: they would be most of a small network's file.
    """
    shape = (phases * 2 * len(low), 1, spectrum.window_samples // phases)
    if spectrum.kaldi:
        matrix = spectrum.frame_matrix().numpy()  # (N, 2 * bins), R is 1
        parts = np.concatenate([matrix[:, low], matrix[:, len(spectrum.bank) + low]], axis=1)
        return g.constant(parts.T.reshape(shape))
    size = spectrum.fft_size
    samples = np.arange(spectrum.window_samples).reshape(-1, phases).T[:, None, None]
    turn = np.cos(2 * np.pi * np.arange(size) / size)
    steps = g.node("Mul", g.constant(samples, "int32"), g.constant(low[:, None], "int32"))
    quarters = g.constant([[[0]], [[size // 4]]], "int32")  # the cosine, and minus the sine
    places = g.node("Mod", g.node("Add", steps, quarters), g.constant(size, "int32"))
    waves = g.node("Gather", g.constant(turn), places)  # (R, 2, K, N / R)
    window = g.constant(spectrum.window.numpy()[samples])
    return g.node("Reshape", g.node("Mul", waves, window), g.ints(*shape))


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
