"""Batch normalisation over valid frames: against torch's, and folded away."""

import torch
from torch import nn

from speechrnn.config import parse_config
from speechrnn.export.model_file import export_model
from speechrnn.models.batch_norm import MaskedBatchNorm
from speechrnn.models.command import CommandModel
from speechrnn.models.convolution import ConvolutionStack
from speechrnn.models.folding import folded
from speechrnn.training.optimizer import start_average, update_average
from speechrnn.vocabulary import Vocabulary

SETTINGS = {
    "features": {"kind": "logmel", "n_mels": 12, "sample_rate_hz": 8000, "high_hz": 3800.0},
    "model": {
        "hidden_size": 8,
        "batch_norm": True,
        "convolutions": [
            {"channels": 4, "kernel": 3, "bands": 5, "band_stride": 2},
            {"channels": 5, "kernel": 2, "stride": 2, "bands": 3},
            {"channels": 6, "kernel": 1},
        ],
    },
}


def used_model() -> CommandModel:
    """A network whose normalisation has seen a few batches."""
    torch.manual_seed(0)
    model = CommandModel(parse_config(SETTINGS, "test"), Vocabulary(["a", "b", "c"]))
    model.train()
    for _ in range(5):
        model.logits(torch.randn(6, 60, 24) * 3 + 1, torch.full((6,), 60))
    for norm in model.convolutions.norms:
        nn.init.uniform_(norm.weight, 0.5, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    return model.eval()


def test_without_padding_it_is_torchs_batch_norm():
    torch.manual_seed(0)
    ours, theirs = MaskedBatchNorm(3).double(), nn.BatchNorm2d(3).double()
    for _ in range(3):
        x = torch.randn(4, 3, 5, 7, dtype=torch.float64) * 2 + 5
        mine, reference = x.clone().requires_grad_(), x.clone().requires_grad_()
        y, expected = ours.train()(mine, torch.full((4,), 7)), theirs.train()(reference)
        torch.testing.assert_close(y, expected)
        weights = torch.randn_like(y)
        (y * weights).sum().backward()
        (expected * weights).sum().backward()
        torch.testing.assert_close(mine.grad, reference.grad)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    # torch's running variance is that of a sample, ours of the frames at hand
    frames = 4 * 5 * 7
    left = 0.9**3  # of the one it began with
    torch.testing.assert_close(
        (ours.running_var - left) * frames / (frames - 1), theirs.running_var - left
    )


def test_padding_has_no_part_in_it():
    torch.manual_seed(0)
    alone, padded = MaskedBatchNorm(3), MaskedBatchNorm(3)
    first, second = torch.randn(1, 3, 4), torch.randn(1, 3, 6)
    beside = torch.cat([first, torch.full((1, 3, 2), 1e4)], dim=2)
    y = padded(torch.cat([beside, second]), torch.tensor([4, 6]))
    expected = alone(torch.cat([first, second], dim=2), torch.tensor([10]))
    torch.testing.assert_close(torch.cat([y[:1, :, :4], y[1:]], dim=2), expected)
    torch.testing.assert_close(padded.running_mean, alone.running_mean)
    torch.testing.assert_close(padded.running_var, alone.running_var)


def test_a_large_mean_leaves_a_small_variance():
    """Settled statistics: the mean is known, squares are taken about it."""
    torch.manual_seed(0)
    norm = MaskedBatchNorm(1)
    for _ in range(100):
        y = norm(1000 + 0.1 * torch.randn(8, 1, 50), torch.full((8,), 50))
    assert 0.9 < float(y.detach().std()) < 1.1


def test_after_training_frames_do_not_see_each_other():
    model = used_model()
    feats = torch.randn(2, 40, 24)
    both, _ = model.convolutions(feats, torch.tensor([40, 40]))
    alone, _ = model.convolutions(feats[:1], torch.tensor([40]))
    torch.testing.assert_close(both[:1], alone)


def test_folded_it_computes_the_same():
    model = used_model()
    plain = folded(model)
    assert not plain.convolutions.norms
    feats, lens = torch.randn(3, 50, 24), torch.tensor([50, 41, 30])
    torch.testing.assert_close(plain.logits(feats, lens), model.logits(feats, lens))
    assert folded(plain) is plain


def test_the_exported_file_computes_the_same_whole_and_in_streams(tmp_path):
    """`export_model` compares with the network that still has its normalisation."""
    report = export_model(used_model(), tmp_path / "model.onnx", {})
    assert report.max_difference < 1e-4
    rounded = export_model(used_model(), tmp_path / "int8.onnx", {}, int8=True)
    assert rounded.max_difference < 1e-4


def test_the_average_has_statistics_too():
    stack = ConvolutionStack(
        parse_config(SETTINGS, "test").model.convolutions, 24, 2, batch_norm=True
    )
    average = start_average(stack)
    stack(torch.randn(4, 30, 24) + 5, torch.full((4,), 30))
    before = average["norms.0.running_mean"].clone()
    update_average(average, stack, 0.5, 1000)
    now = dict(stack.named_buffers())["norms.0.running_mean"]
    torch.testing.assert_close(average["norms.0.running_mean"], (before + now) / 2)
