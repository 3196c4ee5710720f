"""Pooling over time: only valid frames count, and gradients are right."""

import pytest
import torch

from speechrnn.config import ModelConfig
from speechrnn.models.head import ClassificationHead
from speechrnn.models.pooling import AttentionPool, MultiHeadPool, pool_last, pool_max, pool_mean

STARTS, STOPS = torch.tensor([0, 2, 3]), torch.tensor([6, 5, 4])


def make_pools(dtype=torch.float32):
    torch.manual_seed(0)
    pools = {"last": lambda h, a, b: pool_last(h, a, b, 4), "mean": pool_mean, "max": pool_max}
    for heads in (1, 4):
        pools[f"attention_{heads}"] = AttentionPool(8, heads).to(dtype)
        pools[f"multihead_{heads}"] = MultiHeadPool(8, heads).to(dtype)
    return pools


@pytest.mark.parametrize("name", list(make_pools()))
@pytest.mark.parametrize("garbage", [1e6, float("inf"), float("nan")])
def test_only_valid_frames_count(name, garbage):
    pool = make_pools()[name]
    hidden = torch.randn(3, 6, 8)
    places = torch.arange(6)
    outside = (places < STARTS[:, None]) | (places >= STOPS[:, None])
    pooled = pool(hidden.masked_fill(outside[:, :, None], garbage), STARTS, STOPS)
    for row, (start, stop) in enumerate(zip(STARTS.tolist(), STOPS.tolist(), strict=True)):
        frames = hidden[row : row + 1, start:stop]
        alone = pool(frames, torch.tensor([0]), torch.tensor([stop - start]))
        torch.testing.assert_close(pooled[row], alone[0])


def test_values():
    hidden = torch.tensor([[[1.0, 9.0], [3.0, 5.0], [100.0, 100.0]]])
    start, stop = torch.tensor([0]), torch.tensor([2])
    assert pool_last(hidden, start, stop, 1).tolist() == [[3.0, 9.0]]
    assert pool_mean(hidden, start, stop).tolist() == [[2.0, 7.0]]
    assert pool_max(hidden, start, stop).tolist() == [[3.0, 9.0]]
    attention = AttentionPool(2, 2)
    torch.nn.init.zeros_(attention.score.weight)
    assert attention(hidden, start, stop).tolist() == [[2.0, 7.0]]
    with torch.no_grad():
        attention.score.weight[0, 0] = 100.0  # the first head looks where the first unit is large
    assert attention(hidden, start, stop).tolist() == [[3.0, 7.0]]


def test_multihead_is_scaled_dot_product_attention_to_the_middle_frame():
    torch.manual_seed(0)
    pool, hidden = MultiHeadPool(8, 2), torch.randn(1, 7, 8)
    seen = hidden[:, 1:6]  # the middle is frame 3
    query = pool.query(hidden[:, 3:4]).unflatten(-1, (2, 4)).transpose(1, 2)  # (B, N, 1, D/N)
    key, value = (x.unflatten(-1, (2, 4)).transpose(1, 2) for x in (pool.key(seen), seen))
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    found = pool(hidden, torch.tensor([1]), torch.tensor([6]))
    torch.testing.assert_close(found, expected.flatten(1))


@pytest.mark.parametrize("name", list(make_pools()))
def test_gradients(name):
    pool = make_pools(torch.float64)[name]
    hidden = torch.randn(3, 6, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda h: pool(h, STARTS, STOPS), hidden)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "multihead"])
def test_a_frame_is_judged_as_an_utterance_of_one_frame(pooling):
    config = ModelConfig(hidden_size=4, pooling=pooling, attention_heads=2)
    head = ClassificationHead(config, hidden_size=8, num_labels=5)
    hidden = torch.randn(2, 3, 8)
    one, none = torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    for t in range(3):
        alone = head(hidden[:, t : t + 1], none, one)
        torch.testing.assert_close(head.output(hidden)[:, t], alone)
