"""The command model: shapes, padding, chunk by chunk, gradients."""

import random

import pytest
import torch
from torch import nn

from speechrnn.config import Config, ConvConfig, FeaturesConfig, ModelConfig
from speechrnn.models.command import CommandModel
from speechrnn.vocabulary import Vocabulary

CELLS = ["gru", "lstm", "rnn_tanh", "rnn_relu", "mingru", "rglru", "feedforward"]
POOLINGS = ["last", "mean", "max", "attention", "multihead"]
STRIDED = (ConvConfig(channels=7, kernel=3, stride=2), ConvConfig(channels=6, kernel=3))
FEATURES = {
    "mfcc": {"n_mfcc": 8, "deltas": 1},
    "logmel": {"kind": "logmel", "deltas": 2},
    "absolute": {"n_mfcc": 8, "deltas": 0, "floor": "absolute", "floor_db": 80.0},
}


def make_model(features="mfcc", **settings):
    torch.manual_seed(0)
    front_end = {"sample_rate_hz": 8000, "high_hz": 3800.0, "n_mels": 16, **FEATURES[features]}
    config = Config(
        features=FeaturesConfig(**front_end), model=ModelConfig(**{"hidden_size": 8, **settings})
    )
    model = CommandModel(config, Vocabulary(["go", "no", "yes"])).eval()
    model.front_end.set_statistics(
        torch.randn(config.features.dimension), torch.rand(config.features.dimension) + 1
    )
    return model


def speechlike(samples, seed=0):
    """(S) noise that swells and fades."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(samples, generator=generator)
    return noise * 0.1 * torch.linspace(0, 25, samples).sin().square()


def with_context(model, wave):
    """(1, S') the wave between the zeros that a caller puts around it."""
    grid = model.grid
    total = grid.padded_samples(grid.num_frames(len(wave)))
    padded = torch.zeros(1, total)
    padded[0, grid.left_samples : grid.left_samples + len(wave)] = wave
    return padded


def run_chunks(model, padded, commits, ahead=0):
    """Outputs of consecutive windows that see `ahead` frames more than they commit."""
    frames = model.grid.valid_frames(padded.shape[1])
    state, place, outputs = None, 0, []
    for commit in commits:
        commit = min(commit, frames - place)
        seen = min(commit + ahead, frames - place)
        first = place * model.grid.hop_samples
        window = padded[:, first : first + model.grid.padded_samples(seen)]
        output = model(window, torch.tensor([window.shape[1]]), torch.tensor([commit]), state)
        outputs.append((output, commit, window))
        state, place = output.state, place + commit
        if place == frames:
            return outputs
    raise AssertionError("not enough chunks")


@pytest.mark.parametrize("seed", range(5))
def test_a_ctc_head_begins_with_blanks(seed):
    """Two Hebrew words of one speaker: with one seed of four a word took the blank's place.

    It filled all frames from the first epoch to the last, and errors stayed above 80%.
    """
    torch.manual_seed(seed)
    config = Config(
        features=FeaturesConfig(sample_rate_hz=8000, high_hz=3800.0),
        model=ModelConfig(frame_head="ctc", pooling="none"),
    )
    model = CommandModel(config, Vocabulary([]), Vocabulary(["<blk>", "no", "yes"])).eval()
    wave = torch.stack([speechlike(16000), torch.zeros(16000)])
    hidden, _ = model.hidden(*model.features(wave, torch.tensor([16000, 16000])))
    assert (model.frame_output(hidden).argmax(-1) == 0).all()


def test_shapes():
    model = make_model(convolutions=STRIDED)
    wave, lens = torch.zeros(2, 8000), torch.tensor([8000, 5000])
    feats, feat_lens = model.features(wave, lens)
    assert feats.shape == (2, int(feat_lens[0]), 16)
    assert model.logits(feats, feat_lens).shape == (2, 3)
    padded = with_context(model, wave[0])
    output = model(padded, torch.tensor([padded.shape[1]]))
    frames = model.grid.num_frames(8000)
    assert output.log_probs.shape == (1, frames, 3)
    assert output.clip_log_probs.shape == (1, 3)
    torch.testing.assert_close(output.clip_log_probs.exp().sum(), torch.tensor(1.0))
    start = model.initial_state(1)
    assert list(output.state) == list(start)
    assert output.state["pool"].shape == (1, frames, 16)
    assert start["pool"].shape == (1, 0, 16)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_and_neighbours_leave_logits_alone(cell, pooling):
    model = make_model(cell=cell, pooling=pooling, convolutions=STRIDED).double()
    lens = [2500, 8000, 1]
    wave = torch.full((3, 8000), 0.9, dtype=torch.float64)
    for row, count in enumerate(lens):
        wave[row, :count] = speechlike(count, row)
    wave[1] *= 20
    together = model.logits(*model.features(wave, torch.tensor(lens)))
    for row, count in enumerate(lens):
        alone = model.logits(*model.features(wave[row : row + 1, :count], torch.tensor([count])))
        torch.testing.assert_close(together[row], alone[0], atol=1e-9, rtol=0)


def test_nothing_has_features_of_the_zeros_around_it():
    model = make_model(convolutions=STRIDED)
    feats, _ = model.features(torch.zeros(2, 0), torch.tensor([0, 0]))
    expected, _ = model.features(torch.zeros(2, 1), torch.tensor([1, 1]))
    assert torch.equal(feats, expected[:, : feats.shape[1]]) and feats.shape[1] > 0


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_features_a_few_rows_at_a_time_are_those_of_all(rows, monkeypatch):
    model = make_model(features="absolute", convolutions=STRIDED)
    wave = torch.stack([speechlike(4000, seed) for seed in range(5)])
    lens = torch.tensor([4000, 1, 3999, 2500, 800])
    feats, feat_lens = model.features(wave, lens)
    monkeypatch.setattr("speechrnn.models.command._CACHED_SAMPLES", rows * 4000)
    again, again_lens = model.features(wave, lens)
    assert torch.equal(again_lens, feat_lens) and len(feat_lens) == 5
    torch.testing.assert_close(again, feats, atol=1e-5, rtol=0)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_forward_equals_logits_and_ignores_what_lies_beyond(bidirectional):
    model = make_model(bidirectional=bidirectional, convolutions=STRIDED)
    waves = [speechlike(3000), speechlike(7000, 1)]
    padded = [with_context(model, wave) for wave in waves]
    batch = torch.full((2, padded[1].shape[1] + 123), float("nan"))
    for row, one in enumerate(padded):
        batch[row, : one.shape[1]] = one
    output = model(batch, torch.tensor([one.shape[1] for one in padded]))
    for row, wave in enumerate(waves):
        logits = model.logits(*model.features(wave[None], torch.tensor([len(wave)])))
        torch.testing.assert_close(
            output.clip_log_probs[row], logits[0].log_softmax(-1), atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("features", list(FEATURES))
@pytest.mark.parametrize("convolutions", [(), STRIDED])
@pytest.mark.parametrize("cell", CELLS)
def test_chunk_by_chunk_equals_whole(cell, convolutions, features):
    model = make_model(features, cell=cell, convolutions=convolutions, bidirectional=False)
    padded = with_context(model, speechlike(8000))
    whole = model(padded, torch.tensor([padded.shape[1]]))
    for seed in range(3):
        sizes = random.Random(seed)
        parts = run_chunks(model, padded, [sizes.randint(1, 9) for _ in range(60)], seed)
        joined = torch.cat([output.log_probs[:, :commit] for output, commit, _ in parts], dim=1)
        torch.testing.assert_close(joined, whole.log_probs, atol=1e-5, rtol=0)
        last = parts[-1][0]
        torch.testing.assert_close(last.clip_log_probs, whole.clip_log_probs, atol=1e-5, rtol=0)
        for name, tensor in whole.state.items():
            # In relation to its size, as `check_parity`: hidden frames of an rglru reach 36, which
            # float32 holds in steps of 4e-6.
            torch.testing.assert_close(last.state[name], tensor, atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh", "rnn_relu"])
def test_bidirectional_windows_equal_a_plain_reference(cell):
    """Per window and layer: one ordinary call with the state [carried, 0]."""
    model = make_model("logmel", cell=cell, layer_norm=True, convolutions=())
    padded = with_context(model, speechlike(8000))
    carried = [layer.initial_state(1) for layer in model.encoder.layers]
    peak = model.front_end.initial_peak(1)
    for output, commit, window in run_chunks(model, padded, [3, 8, 5, 8, 8, 8, 8, 8], ahead=4):
        x, peaks = model.front_end(window, peak)
        peak = peaks[:, commit - 1]
        for i, (layer, norm) in enumerate(
            zip(model.encoder.layers, model.encoder.norms, strict=True)
        ):
            start = [torch.stack([part, torch.zeros_like(part)]) for part in carried[i]]
            y, _ = layer.rnn(x, tuple(start) if cell == "lstm" else start[0])
            carried[i] = forward_state(layer, x[:, :commit], carried[i])
            x = norm(y)
        expected = model.frame_output(x).log_softmax(-1)
        torch.testing.assert_close(output.log_probs, expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(output.state["rnn_1"], carried[1][0], atol=1e-5, rtol=0)
        torch.testing.assert_close(output.state["peak"], peak)


def forward_state(layer, x, start):
    """The forward direction's state after x, from a layer that has no other direction."""
    kind = type(layer.rnn)
    extra = {"nonlinearity": layer.cell.removeprefix("rnn_")} if kind is nn.RNN else {}
    single = kind(x.shape[2], layer.hidden_size, batch_first=True, **extra)
    weights = layer.rnn.state_dict()
    single.load_state_dict({n: w for n, w in weights.items() if not n.endswith("_reverse")})
    parts = tuple(part[None] for part in start)
    _, last = single(x, parts if layer.cell == "lstm" else parts[0])
    return tuple(part[0].detach() for part in (last if layer.cell == "lstm" else [last]))


def test_look_ahead_makes_windows_more_like_the_whole():
    model = make_model()
    padded = with_context(model, speechlike(8000))
    whole = model(padded, torch.tensor([padded.shape[1]])).log_probs
    gaps = []
    for ahead in (0, 4, 16, 60):
        parts = run_chunks(model, padded, [5] * 20, ahead)
        joined = torch.cat([output.log_probs[:, :commit] for output, commit, _ in parts], dim=1)
        gaps.append(float((joined - whole).abs().max().detach()))
    assert gaps[0] > 5 * gaps[2]
    assert gaps[3] < 1e-5


def test_pool_slides_over_the_last_committed_frames():
    model = make_model(bidirectional=False, pooling="mean")
    padded = with_context(model, speechlike(24000))  # three clips long
    whole = model(padded, torch.tensor([padded.shape[1]]))
    hidden = whole.log_probs.shape[1]
    parts = run_chunks(model, padded, [7] * 60)
    output, _, window = parts[-1]
    new = model.grid.valid_frames(window.shape[1])
    assert output.state["pool"].shape[1] == model.pool_frames
    assert output.state["pool_lens"].tolist() == [model.pool_frames]
    torch.testing.assert_close(output.state["pool"], whole.state["pool"], atol=1e-5, rtol=0)
    # The decision is over what was kept before this window and the window itself.
    before = padded[:, : model.grid.padded_samples(hidden - new)]
    pool = model(before, torch.tensor([before.shape[1]])).state["pool"]
    joined = torch.cat([pool, output.state["pool"][:, -new:]], dim=1)
    expected = model.head.output(joined.mean(1)).log_softmax(-1)
    torch.testing.assert_close(output.clip_log_probs, expected, atol=1e-5, rtol=0)


def test_committing_nothing_keeps_the_state():
    for cell in CELLS:
        model = make_model(cell=cell)
        padded = with_context(model, speechlike(8000))
        seen = torch.tensor([padded.shape[1]])
        before = model(padded, seen, torch.tensor([20])).state
        after = model(padded, seen, torch.tensor([0]), before).state
        for name, tensor in before.items():
            kept = after[name][:, -tensor.shape[1] :] if name == "pool" else after[name]
            torch.testing.assert_close(kept, tensor)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_reach_every_parameter(cell, pooling):
    model = make_model(cell=cell, pooling=pooling, convolutions=STRIDED, layer_norm=True)
    wave = torch.stack([speechlike(4000, seed) for seed in range(3)])
    feats, lens = model.features(wave, torch.tensor([4000, 3000, 4000]))
    nn.functional.cross_entropy(model.logits(feats, lens), torch.tensor([0, 1, 2])).backward()
    for name, parameter in model.named_parameters():
        assert float(parameter.grad.abs().max()) > 0, name


def test_state_carries_gradients_from_window_to_window():
    """Training on streams needs the loss of a window to reach the one before."""
    model = make_model(cell="lstm")
    padded = with_context(model, speechlike(8000))
    first = model(padded, torch.tensor([padded.shape[1]]), torch.tensor([20]))
    second = model(padded, torch.tensor([padded.shape[1]]), torch.tensor([20]), first.state)
    (gradient,) = torch.autograd.grad(second.log_probs[0, 0, 0], first.state["rnn_1_cell"])
    assert float(gradient.abs().max()) > 0


def test_autocast_keeps_the_front_end_in_float32():
    model = make_model()
    wave, lens = speechlike(8000)[None], torch.tensor([8000])
    expected, _ = model.features(wave, lens)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        feats, feat_lens = model.features(wave, lens)
        logits = model.logits(feats, feat_lens)
    torch.testing.assert_close(feats, expected)
    # bfloat16 keeps 8 bits.
    torch.testing.assert_close(
        logits.float(), model.logits(expected, feat_lens), atol=5e-2, rtol=5e-2
    )


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("cell", CELLS)
def test_cuda_equals_cpu(cell):
    model = make_model(cell=cell, convolutions=STRIDED)
    wave = torch.stack([speechlike(8000, seed) for seed in range(3)])
    lens = torch.tensor([8000, 3000, 6000])
    expected = model.logits(*model.features(wave, lens))
    model.cuda()
    got = model.logits(*model.features(wave.cuda(), lens.cuda()))
    torch.testing.assert_close(got.cpu(), expected, atol=1e-3, rtol=0)


def test_dropout_rests_in_evaluation():
    model = make_model(dropout=0.5)
    feats, lens = model.features(speechlike(8000)[None], torch.tensor([8000]))
    torch.testing.assert_close(model.logits(feats, lens), model.logits(feats, lens))
    model.train()
    assert not torch.equal(model.logits(feats, lens), model.logits(feats, lens))
