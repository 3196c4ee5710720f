"""Networks without some units or channels: what the whole one computes with these at zero."""

import copy

import pytest
import torch

from speechrnn.compression.groups import channel_groups, unit_groups
from speechrnn.compression.importance import by_magnitude, by_taylor
from speechrnn.compression.pruning import kept_units, prune_channels, prune_units
from speechrnn.config import ModelConfig
from speechrnn.errors import ConfigError

CELLS = ["gru", "lstm", "rnn_tanh", "rnn_relu", "mingru", "rglru", "feedforward"]


class RandomJudge:
    """Scores units at random, and remembers what it said."""

    def __init__(self, seed=0):
        self.random = torch.Generator().manual_seed(seed)
        self.said = []

    def __call__(self, model, groups):
        scores = [torch.rand(group.size, generator=self.random) for group in groups]
        self.said += zip(groups, scores, strict=True)
        return scores


def at_zero(model, judge, counts):
    """A copy in which all but the best `counts` units of each group, by head, are zero."""
    model = copy.deepcopy(model)
    weights = model.state_dict()
    with torch.no_grad():
        for (group, scores), blocks in zip(judge.said, counts, strict=True):
            gone = torch.ones(group.size, dtype=torch.bool)
            for first, stop, count in blocks:
                best = scores[first:stop].argsort(descending=True)[:count]
                gone[first + best] = False
            for slot in group.made_by:
                tensor = weights[slot.tensor]
                places = slot.places[gone].flatten()
                (tensor.view(-1) if slot.axis is None else tensor)[places] = 0
    return model


def outputs(model):
    """Of three utterances of different lengths."""
    torch.manual_seed(1)
    lens = torch.tensor([8000, 5000, 7321])
    wave = 0.1 * torch.randn(3, 8000)
    with torch.inference_mode():
        feats, feat_lens = model.features(wave, lens)
        hidden, frames = model.hidden(feats, feat_lens)
        logits = [model.frame_output(hidden)[row, :count] for row, count in enumerate(frames)]
        return [model.clip_logits(hidden, frames), *logits]


# First and last unit (excluded) of each attention head's share, and how many of them stay.
WHOLE = [(0, 12, 6)]
SHARES = {
    (True, 1): (6, [WHOLE, WHOLE], 0),
    (False, 1): (6, [WHOLE], 0),
    (True, 4): (6, [[(0, 6, 3), (6, 12, 3)]] * 2, 3),
    (True, 3): (6, [[(0, 8, 4), (8, 12, 2)], [(0, 4, 2), (4, 12, 4)]], 4),
    (False, 4): (8, [[(0, 3, 2), (3, 6, 2), (6, 9, 2), (9, 12, 2)]], 2),
}


@pytest.mark.parametrize(("bidirectional", "heads"), SHARES)
@pytest.mark.parametrize("cell", CELLS)
def test_units_gone_are_units_at_zero(cell, bidirectional, heads, make_network):
    pooling = {1: "last", 3: "multihead", 4: "attention"}[heads]
    model = make_network(
        "both", cell=cell, pooling=pooling, bidirectional=bidirectional, attention_heads=heads
    )
    judge = RandomJudge()
    small = prune_units(model, 0.5, judge)
    kept, upper, query = SHARES[bidirectional, heads]
    assert small.config.model.hidden_size == kept
    lower = [[(0, 12, kept)]] * len(upper)
    queries = [[(0, 8, query)]] * heads if pooling == "multihead" else []
    whole = at_zero(model, judge, [*lower, *upper, *queries])
    assert not torch.allclose(outputs(model)[0], outputs(whole)[0], atol=1e-2)
    for ours, theirs in zip(outputs(small), outputs(whole), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "max", "multihead"])
def test_units_of_all_poolings(pooling, make_network):
    model = make_network("none", pooling=pooling)
    judge = RandomJudge()
    small = prune_units(model, 0.5, judge)
    upper = SHARES[True, 4][1] if pooling == "multihead" else [WHOLE, WHOLE]
    queries = [[(0, 6, 3)]] * 4 if pooling == "multihead" else []
    whole = at_zero(model, judge, [WHOLE, WHOLE, *upper, *queries])
    for ours, theirs in zip(outputs(small), outputs(whole), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{"frame_head": "keyword"}, {"frame_head": "ctc"}, {"projection": 5}, {"layers": 1}],
    ids=str,
)
def test_units_of_other_networks(settings, make_network):
    model = make_network(pooling="last", **settings)
    judge = RandomJudge()
    small = prune_units(model, 0.5, judge)
    assert list(small.symbols) == list(model.symbols)
    whole = at_zero(model, judge, [WHOLE] * len(judge.said))
    for ours, theirs in zip(outputs(small), outputs(whole), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("projection", [None, 5])
@pytest.mark.parametrize("cell", ["gru", "rglru", "feedforward"])
@pytest.mark.parametrize("stack", ["time", "bands", "both"])
def test_channels_gone_are_channels_at_zero(stack, cell, projection, make_network):
    model = make_network(stack, cell=cell, projection=projection)
    judge = RandomJudge()
    small = prune_channels(model, 0.5, judge)
    before = [convolution.channels for convolution in model.config.model.convolutions]
    after = [convolution.channels for convolution in small.config.model.convolutions]
    assert after == [count - round(count / 2) for count in before]
    blocks = [[(0, *counts)] for counts in zip(before, after, strict=True)]
    whole = at_zero(model, judge, blocks)
    assert not torch.allclose(outputs(model)[0], outputs(whole)[0], atol=1e-2)
    for ours, theirs in zip(outputs(small), outputs(whole), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_network_without_convolutions_has_no_channels_to_lose(make_network):
    with pytest.raises(ConfigError, match="no convolutions"):
        prune_channels(make_network("none"), 0.5, RandomJudge())


def test_normalisation_keeps_the_gains_of_units_that_stay(make_network):
    model = make_network(layer_norm=True, pooling="last")
    judge = RandomJudge()
    small = prune_units(model, 0.5, judge)
    (_, forward), (_, backward), *_ = judge.said
    best = [scores.argsort(descending=True)[:6].sort().values for scores in (forward, backward)]
    places = torch.cat([best[0], 12 + best[1]])
    gains = model.encoder.norms[0].weight[places]
    torch.testing.assert_close(small.encoder.norms[0].weight, gains, atol=0, rtol=0)


@pytest.mark.parametrize("stack", ["time", "both"])
def test_channels_with_batch_normalisation(stack, make_network):
    model = make_network(stack, batch_norm=True)
    judge = RandomJudge()
    small = prune_channels(model, 0.5, judge)
    counts = [(convolution.out_channels) for convolution in model.convolutions.convolutions]
    blocks = [[(0, count, count - round(count / 2))] for count in counts]
    whole = at_zero(model, judge, blocks)
    for ours, theirs in zip(outputs(small), outputs(whole), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    scores = by_magnitude(model, channel_groups(model))
    assert [len(score) for score in scores] == counts


@pytest.mark.parametrize(
    ("share", "pooling", "kept"),
    [(0.25, "mean", 9), (0.25, "attention", 10), (0.99, "mean", 1), (0.99, "attention", 2)],
)
def test_heads_get_equal_shares(share, pooling, kept):
    settings = ModelConfig(hidden_size=12, pooling=pooling, attention_heads=4)
    assert kept_units(settings, share) == kept


def test_weak_units_have_little_magnitude(make_network):
    model = make_network(pooling="last")
    layers = unit_groups(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            for slot in layers[0][1].made_by + layers[0][1].read_by:
                if slot.tensor == name and slot.axis == 0:
                    parameter[slot.places[3]] *= 1e-3
                elif slot.tensor == name:
                    parameter[:, slot.places[3]] *= 1e-3
    scores = by_magnitude(model, layers[0])
    assert scores[1].argmin() == 3


@pytest.mark.parametrize("groups", [unit_groups, channel_groups])
def test_taylor_is_what_a_unit_does_to_the_loss(groups, make_network):
    """The derivative by a factor in front of a unit, recurrence and all, by finite differences."""
    model = make_network("both", pooling="attention").double()
    torch.manual_seed(3)
    wave, lens = 0.1 * torch.randn(2, 8000), torch.tensor([8000, 6000])
    targets = torch.tensor([0, 2])
    batch = (wave.double(), lens, targets)
    flat = [
        group for item in groups(model) for group in (item if isinstance(item, list) else [item])
    ]
    scores = by_taylor(model, flat, [batch])

    def loss():
        with torch.no_grad():
            feats, feat_lens = model.features(batch[0], lens)
            return torch.nn.functional.cross_entropy(model.logits(feats, feat_lens), targets)

    weights = dict(model.named_parameters())
    step = 1e-4
    for group, score in list(zip(flat, scores, strict=True))[:: len(flat) - 1]:
        sides = []
        for sign in (1, -1):
            with torch.no_grad():
                before = {slot.tensor: weights[slot.tensor].clone() for slot in group.read_by}
                for slot in group.read_by:
                    weights[slot.tensor].movedim(slot.axis, 0)[slot.places[1]] *= 1 + sign * step
                sides.append(loss())
                for name, tensor in before.items():
                    weights[name].copy_(tensor)
        expected = ((sides[0] - sides[1]) / (2 * step)) ** 2
        torch.testing.assert_close(score[1].double(), expected, rtol=1e-4, atol=1e-12)
