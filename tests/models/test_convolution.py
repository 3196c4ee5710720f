"""Convolutions over time and over bands, against sums written out."""

import torch

from speechrnn.config import ConvConfig
from speechrnn.models.convolution import ConvolutionStack

OVER_BANDS = (
    ConvConfig(channels=3, kernel=2, stride=2, bands=3, band_stride=2),
    ConvConfig(channels=4, kernel=2, bands=1),
)


def test_a_convolution_over_bands_slides_over_both_axes():
    """Planes are the features and their deltas; beyond the lowest and highest band lie zeros."""
    torch.manual_seed(0)
    stack = ConvolutionStack(OVER_BANDS[:1], 10, planes=2).double()
    feats = torch.randn(2, 7, 10, dtype=torch.float64)
    frames, lens = stack(feats, torch.tensor([7, 5]))
    assert lens.tolist() == [3, 2]
    assert stack.output_size == 3 * 3
    weight, bias = stack.convolutions[0].weight, stack.convolutions[0].bias  # (C, planes, 3, 2)
    picture = torch.zeros(2, 7, 2, 7, dtype=torch.float64)  # (B, T, planes, bands + 2)
    picture[:, :, :, 1:6] = feats.view(2, 7, 2, 5)
    for t in range(3):
        for band in range(3):
            patch = picture[:, 2 * t : 2 * t + 2, :, 2 * band : 2 * band + 3]  # (B, 2, planes, 3)
            expected = (torch.einsum("btpm,cpmt->bc", patch, weight) + bias).relu()
            torch.testing.assert_close(frames[:, t].view(2, 3, 3)[:, :, band], expected)


def test_convolutions_over_bands_lead_to_those_over_time():
    torch.manual_seed(0)
    over_time = ConvConfig(channels=5, kernel=3)
    both = ConvolutionStack((*OVER_BANDS, over_time), 10, planes=2)
    front = ConvolutionStack(OVER_BANDS, 10, planes=2)
    back = ConvolutionStack((over_time,), front.output_size)
    front.load_state_dict(both.state_dict(), strict=False)
    back.convolutions[0].load_state_dict(both.convolutions[2].state_dict())
    feats, lens = torch.randn(2, 12, 10), torch.tensor([12, 11])
    frames, frame_lens = both(feats, lens)
    torch.testing.assert_close(frames, back(*front(feats, lens))[0])
    assert frame_lens.tolist() == back(*front(feats, lens))[1].tolist()
    assert frames.shape == (2, int(frame_lens[0]), 5)


def test_gradients_are_those_of_plain_convolutions():
    """Numbers are laid out for the fastest kernels on the way there and back."""
    torch.manual_seed(0)
    configs = (*OVER_BANDS, ConvConfig(channels=5, kernel=1), ConvConfig(channels=6, kernel=3))
    stack = ConvolutionStack(configs, 10, planes=2).double()
    feats = torch.randn(2, 14, 10, dtype=torch.float64, requires_grad=True)
    frames, _ = stack(feats, torch.tensor([14, 14]))
    x = feats.transpose(1, 2).unflatten(1, (2, 5))
    for config, convolution in zip(configs, stack.convolutions, strict=True):
        x = x.flatten(1, 2) if config.bands is None and x.dim() == 4 else x
        x = convolution(x).relu()
    torch.testing.assert_close(frames, x.transpose(1, 2))
    inputs, weight = [feats, *stack.parameters()], torch.randn_like(frames)
    ours = torch.autograd.grad((frames * weight).sum(), inputs)
    plain = torch.autograd.grad((x.transpose(1, 2) * weight).sum(), inputs)
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_frames_of_a_picture_pass_their_gradient_on():
    stack = ConvolutionStack(OVER_BANDS, 10, planes=2).double()
    feats = torch.randn(1, 6, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: stack(x, torch.tensor([6]))[0], feats)
