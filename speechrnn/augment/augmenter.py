"""All random changes to training data, as the configuration asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from speechrnn.augment.cut import cut, cut_at_speed, played_lens
from speechrnn.augment.draws import Stream, spread, uniform
from speechrnn.augment.masks import frequency_masks, time_masks
from speechrnn.augment.mixup import mixup_partners
from speechrnn.augment.noise import Noise, add_noise, synthetic_noise
from speechrnn.augment.room import Rooms, room_responses, transmit
from speechrnn.augment.speed import SpeedFilters
from speechrnn.augment.strings import Strung, string
from speechrnn.config import AugmentConfig, FeaturesConfig

_TELEPHONE_HZ = 300.0  # half of the band-limited utterances also lose what lies below
_SYNTHETIC_NOISE_S = 60.0
_WAVE_DRAWS = 14  # random numbers for the wave of an utterance
_TAIL_S = 0.2  # behind a stream's last clip


class Augmenter:
    """Changes training waves and features at random.

    Waves are cut with silence around them and at another speed, then meet noise, a room and a
    channel, and a gain. Everything is drawn anew for each utterance and epoch, and depends on
    nothing else.

    Args:
        config: How much of what.
        features: The front end's settings.
        seed: The run's seed.
        noise: (N) int16, recorded noise at the front end's rate; none: synthetic noise.
        device: Where the training data lies.
    """

    def __init__(
        self,
        config: AugmentConfig,
        features: FeaturesConfig,
        seed: int,
        noise: Tensor | None,
        device: torch.device,
    ) -> None:
        self.config = config
        self.seed = seed
        self.device = device
        self._features = features
        self._rate_hz = features.sample_rate_hz
        if noise is None and config.noise_probability:
            noise = synthetic_noise(seed, _SYNTHETIC_NOISE_S, self._rate_hz)
        self._noise = None if noise is None else Noise(noise.to(device))
        self._speeds = SpeedFilters(config.speed, device)
        responses = room_responses(seed, config.reverberation_s, self._rate_hz)
        self._rooms = Rooms(responses.to(device))

    def waves(
        self, arena: Tensor, starts: Tensor, lengths: Tensor, utterances: Tensor, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """Cut clips out of an arena and change them.

        Args:
            arena: (N) int16, all clips end to end.
            starts: (B) int64, each clip's first sample.
            lengths: (B) int64, samples of each clip.
            utterances: (B) int64, the numbers that draws hang on.
            epoch: The epoch.

        Returns:
            wave: (B, S) float32, zero beyond each length; a gain may lift it above 1.
            wave_lens: (B) int64, samples.
        """
        draws = uniform(self.seed, epoch, utterances, _WAVE_DRAWS, Stream.WAVES)
        wave, wave_lens, clip_lens = self._cut(arena, starts, lengths, draws)
        self._add_noise(wave, wave_lens, clip_lens, *draws[:, 4:7].unbind(1))
        return self._transmitted(wave, wave_lens, draws), wave_lens

    def lengths(self, lengths: Tensor, utterances: Tensor, epoch: int) -> Tensor:
        """(B) int64 samples that `waves` makes of clips.

        Args:
            lengths: (B) int64, samples of each clip.
            utterances: (B) int64, the numbers that draws hang on.
            epoch: The epoch.
        """
        draws = uniform(self.seed, epoch, utterances, _WAVE_DRAWS, Stream.WAVES)
        _, lengths, before, after, steps = self._placed(lengths, draws)
        return played_lens(before + lengths + after, steps)

    def streams(
        self,
        arena: Tensor,
        starts: Tensor,
        lengths: Tensor,
        utterances: Tensor,
        epoch: int,
        gap_samples: tuple[float, float],
        multiple: int,
        longest: Callable[[int], int] = int,
    ) -> Strung:
        """Cut clips out of an arena, change them and string them together over one noise.

        Args:
            arena: (N) int16, all clips end to end.
            starts: (B, K) int64, each clip's first sample.
            lengths: (B, K) int64, samples of each clip.
            utterances: (B, K) int64, the numbers that draws hang on.
            epoch: The epoch.
            gap_samples: Least and most silence before a clip.
            multiple: Streams are made a multiple of so many samples long.
            longest: Makes the length of these streams that of others that they have to match.
        """
        clips = utterances.flatten()
        draws = uniform(self.seed, epoch, clips, _WAVE_DRAWS, Stream.WAVES)
        wave, wave_lens, clip_lens = self._cut(arena, starts.flatten(), lengths.flatten(), draws)
        wave = self._transmitted(wave, wave_lens, draws)
        gaps = uniform(self.seed, epoch, clips, 1, Stream.GAPS).view(utterances.shape)
        gaps = spread(gaps, gap_samples).long().to(self.device)
        strung = string(wave, wave_lens, gaps, round(self._rate_hz * _TAIL_S), multiple, longest)
        stream_lens = torch.full((len(gaps),), strung.wave.shape[1], device=self.device)
        spoken = clip_lens.view(gaps.shape).sum(1)
        beds = uniform(self.seed, epoch, utterances[:, 0], 3, Stream.BEDS)
        self._add_noise(strung.wave, stream_lens, spoken, *beds.unbind(1))
        return strung

    def _cut(
        self, arena: Tensor, starts: Tensor, lengths: Tensor, draws: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, S) clips with silence around them, and (B) samples with and without the silence."""
        head, lengths, before, after, steps = self._placed(lengths, draws)
        clips = starts + head, lengths, before, after
        if self.config.speed == (1.0, 1.0):
            wave, wave_lens = cut(arena, *clips)
        else:
            wave, wave_lens = cut_at_speed(arena, *clips, steps, self._speeds)
        return wave, wave_lens, lengths / self._speeds.played(steps)

    def _placed(self, lengths: Tensor, draws: Tensor) -> tuple[Tensor, ...]:
        """(B) each: samples cut off at the head, what is left, silence before and behind; speed."""
        c, device = self.config, lengths.device
        head, lengths = self._trim(lengths, draws[:, 12], draws[:, 13])
        before, after, speed = draws[:, :3].unbind(1)
        steps = self._speeds.steps(spread(speed, c.speed))
        edge = 1 + self._speeds.played(steps) * (c.shift_ms * self._rate_hz / 1000)
        before, after = ((share * edge).long().to(device) for share in (before, after))
        return head, lengths, before, after, steps.to(device)

    def _transmitted(self, wave: Tensor, wave_lens: Tensor, draws: Tensor) -> Tensor:
        """Waves from a room, over a channel, at another loudness; changes `wave` in place."""
        self._transmit(wave, wave_lens, *draws[:, 7:12].unbind(1))
        return wave.mul_(10 ** (spread(draws[:, 3], self.config.gain_db)[:, None] / 20).to(wave))

    def features(self, feats: Tensor, feat_lens: Tensor, utterances: Tensor, epoch: int) -> Tensor:
        """Blank out stretches of time and, of log-mel features, bands of frequency.

        Args:
            feats: (B, T, F), normalised: 0 is the mean.
            feat_lens: (B) valid frames, int64.
            utterances: (B) int64, as for `waves`.
            epoch: The epoch.

        Returns:
            (B, T, F).
        """
        c, bands = self.config, self._features.n_mels
        count = c.time_masks + c.frequency_masks
        draws = uniform(self.seed, epoch, utterances, 2 * count, Stream.FEATURES)
        draws = draws.view(len(feats), count, 2).to(feats.device)
        in_time, in_frequency = draws.split([c.time_masks, c.frequency_masks], dim=1)
        most = round(c.time_mask_ms * self._rate_hz / 1000 / self._features.hop_samples)
        left = time_masks(feat_lens.to(feats.device), feats.shape[1], most, in_time)
        feats = feats * left[:, :, None]
        if self._features.kind != "logmel":
            return feats
        left = frequency_masks(bands, math.floor(c.frequency_mask_share * bands), in_frequency)
        return feats * left.repeat(1, feats.shape[2] // bands)[:, None]  # deltas alike

    def mixup(self, utterances: Tensor, epoch: int, count: int) -> tuple[Tensor, Tensor]:
        """Partners and own weights for mixup: see `mixup_partners`.

        Args:
            utterances: (B) int64, indices into the data set.
            epoch: The epoch.
            count: Utterances in the data set.
        """
        c = self.config
        return mixup_partners(
            self.seed, epoch, utterances, count, c.mixup_probability, c.mixup_alpha
        )

    def _trim(self, lengths: Tensor, head: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """Samples cut off at the head, and left when both ends are cut as by an endpointer."""
        most = (lengths // 4).clamp(max=round(self.config.trim_ms * self._rate_hz / 1000)) + 1
        head, tail = ((share.to(most.device) * most).long() for share in (head, tail))
        return head, lengths - head - tail

    def _add_noise(
        self,
        wave: Tensor,
        wave_lens: Tensor,
        clip_lens: Tensor,
        happens: Tensor,
        start: Tensor,
        snr: Tensor,
    ) -> None:
        rows = (happens < self.config.noise_probability).nonzero()[:, 0]
        if self._noise is None or not len(rows):
            return
        snr_db = spread(snr[rows], self.config.noise_snr_db).to(self.device)
        place, rows = start[rows].to(self.device), rows.to(self.device)
        add_noise(wave, wave_lens, clip_lens, rows, self._noise, place, snr_db)

    def _transmit(
        self,
        wave: Tensor,
        wave_lens: Tensor,
        echoes: Tensor,
        room: Tensor,
        limited: Tensor,
        limit: Tensor,
        telephone: Tensor,
    ) -> None:
        c, nyquist_hz = self.config, self._rate_hz / 2
        in_room = echoes < c.reverberation_probability
        on_channel = limited < c.band_limit_probability
        rows = (in_room | on_channel).nonzero()[:, 0]
        if not len(rows):
            return
        rooms = torch.where(in_room, 1 + (room * (len(self._rooms) - 1)).long(), 0)
        low, high = (min(hz, nyquist_hz) for hz in c.band_limit_hz)
        high_hz = torch.where(on_channel, spread(limit, (low, high)), math.inf)
        low_hz = torch.where(on_channel & (telephone < 0.5), _TELEPHONE_HZ, 0.0)
        transmit(
            wave,
            wave_lens,
            rows.to(self.device),
            self._rooms,
            rooms[rows].to(self.device),
            low_hz[rows].to(self.device),
            high_hz[rows].to(self.device),
            self._rate_hz,
        )
