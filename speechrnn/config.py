"""One strict, typed description of a run, read from one YAML file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from speechrnn.errors import ConfigError
from speechrnn.frames import FrameGrid

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Cell = Literal["gru", "lstm", "rnn_tanh", "rnn_relu", "feedforward"]


class Section(BaseModel):
    """A part of the configuration: unknown keys and wrong types are errors, values are fixed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


class FeaturesConfig(Section):
    """From waveform to feature vectors (`speechrnn.features`)."""

    sample_rate_hz: int = Field(16000, ge=4000, le=48000)
    kind: Literal["logmel", "mfcc"] = "mfcc"
    style: Literal["torchaudio", "kaldi"] = "torchaudio"  # spectral analysis and mel scale
    window_ms: float = Field(32.0, gt=0)
    hop_ms: float = Field(20.0, gt=0)
    low_hz: float = Field(60.0, ge=0)
    high_hz: float = Field(7600.0, gt=0)
    n_mels: int = Field(40, ge=4)
    n_mfcc: int = Field(20, ge=1)
    deltas: int = Field(1, ge=0, le=2)
    floor: Literal["peak", "absolute"] = "peak"
    floor_db: float = 45.0  # below the running peak, or below full scale
    peak_decay_db_s: float = Field(10.0, ge=0)
    peak_least_db: float = -50.0  # where the peak starts and stops falling, below full scale

    @model_validator(mode="after")
    def _ranges(self) -> FeaturesConfig:
        if self.high_hz > self.sample_rate_hz / 2:
            raise ValueError(f"high_hz {self.high_hz:g} is above half of sample_rate_hz")
        if self.low_hz >= self.high_hz:
            raise ValueError("low_hz must be below high_hz")
        if self.kind == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError("n_mfcc must not exceed n_mels")
        if self.hop_ms > self.window_ms:
            raise ValueError("hop_ms must not exceed window_ms")
        return self

    @property
    def window_samples(self) -> int:
        """Samples of one analysis window."""
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples between analysis windows."""
        return round(self.hop_ms * self.sample_rate_hz / 1000)

    @property
    def delta_kernel(self) -> int:
        """Frames that one order of deltas looks at."""
        return 5

    @property
    def dimension(self) -> int:
        """F, the size of one feature vector."""
        return (self.n_mfcc if self.kind == "mfcc" else self.n_mels) * (1 + self.deltas)

    @property
    def grid(self) -> FrameGrid:
        """Where feature frames lie, deltas included."""
        grid = FrameGrid(self.window_samples, self.hop_samples)
        return grid.then(1 + self.deltas * (self.delta_kernel - 1))


class ConvConfig(Section):
    """One convolution over time in front of the recurrence; valid windows, no padding."""

    channels: int = Field(ge=1)
    kernel: int = Field(ge=1)
    stride: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _no_gaps(self) -> ConvConfig:
        if self.stride > self.kernel:
            raise ValueError("stride must not exceed kernel: frames between would never be seen")
        return self


class ModelConfig(Section):
    """The network (`speechrnn.models`)."""

    convolutions: tuple[ConvConfig, ...] = (ConvConfig(channels=96, kernel=5, stride=2),)
    cell: Cell = "gru"
    hidden_size: int = Field(128, ge=1)
    layers: int = Field(2, ge=1)
    bidirectional: bool = True
    layer_norm: bool = False
    dropout: Probability = 0.2
    pooling: Literal["last", "mean", "max", "attention", "none"] = "attention"  # none: no clip head
    attention_heads: int = Field(4, ge=1)
    frame_head: Literal["shared", "keyword", "ctc"] = "shared"  # shared: the clip's output layer
    units: Literal["words", "characters", "phones"] = "words"  # of a CTC head

    @model_validator(mode="after")
    def _heads_fit(self) -> ModelConfig:
        units = self.hidden_size * (2 if self.bidirectional else 1)
        if self.pooling == "attention" and units % self.attention_heads:
            raise ValueError(f"attention_heads must divide the {units} units of a hidden frame")
        if self.pooling == "none" and self.frame_head != "ctc":
            raise ValueError("pooling none leaves no head; set frame_head ctc")
        return self


class AugmentConfig(Section):
    """Random changes to training audio and features (`speechrnn.augment`).

    Each `*_probability` is per utterance; ranges are (low, high) and drawn uniformly.
    """

    shift_ms: float = Field(100.0, ge=0)  # silence up to this long before and after the clip
    trim_ms: float = Field(0.0, ge=0)  # cut off up to this much at either end, a quarter at most
    speed: tuple[float, float] = (0.9, 1.1)
    gain_db: tuple[float, float] = (-12.0, 6.0)
    noise_probability: Probability = 0.5
    noise_snr_db: tuple[float, float] = (5.0, 30.0)
    reverberation_probability: Probability = 0.2
    reverberation_s: tuple[float, float] = (0.1, 0.6)  # RT60
    band_limit_probability: Probability = 0.2
    band_limit_hz: tuple[float, float] = (2500.0, 7000.0)
    time_masks: int = Field(1, ge=0)
    time_mask_ms: float = Field(100.0, ge=0)
    frequency_masks: int = Field(1, ge=0)
    frequency_mask_share: Probability = 0.2  # of the feature dimension (log-mel only)
    mixup_probability: Probability = 0.0
    mixup_alpha: float = Field(0.2, gt=0)

    @model_validator(mode="after")
    def _ranges(self) -> AugmentConfig:
        for name in ("speed", "gain_db", "noise_snr_db", "reverberation_s", "band_limit_hz"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be [low, high], got [{low:g}, {high:g}]")
            if low <= 0 and name in ("speed", "reverberation_s", "band_limit_hz"):
                raise ValueError(f"{name} must be above 0, got {low:g}")
        return self


class StreamingConfig(Section):
    """Training on clips strung together (`speechrnn.training.streams`); ranges are (low, high)."""

    share: Probability = 0.0  # of the training steps; the others see clips by themselves
    clips: int = Field(4, ge=1)  # of one piece: behind it the gradient is cut, the state goes on
    gap_ms: tuple[float, float] = (0.0, 400.0)  # between clips
    chunk_ms: tuple[float, float] = (80.0, 320.0)  # committed at a time
    look_ahead_ms: tuple[float, float] = (0.0, 320.0)  # seen beyond
    whole_share: Probability = 0.2  # of the pieces: no chunks, the backward direction sees it all

    @model_validator(mode="after")
    def _ranges(self) -> StreamingConfig:
        for name in ("gap_ms", "chunk_ms", "look_ahead_ms"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name} must be [low, high] from 0 on, got [{low:g}, {high:g}]")
        return self


class OptimizerConfig(Section):
    """How weights move (`speechrnn.training.optimizer`)."""

    learning_rate: float = Field(2e-3, gt=0)
    warmup_share: Probability = 0.1
    weight_decay: float = Field(0.01, ge=0)
    clip_norm: float | None = Field(5.0, gt=0)
    clip_value: float | None = Field(None, gt=0)


class TrainingConfig(OptimizerConfig):
    """The training loop (`speechrnn.training`)."""

    epochs: int = Field(30, ge=1)
    batch_size: int = Field(64, ge=1)
    label_smoothing: Probability = 0.1
    frame_weight: float = Field(1.0, gt=0)  # of the frame head's loss, beside the clip head's
    average_decay: Probability = 0.99  # exponential average of the weights; 0 turns it off
    patience: int | None = Field(None, ge=1)  # epochs without a better validation loss
    precision: Literal["float32", "bfloat16"] = "float32"
    balance: Probability = 0.5  # 0: classes as they come, 1: drawn equally often
    threads: int | None = Field(None, ge=1)  # CPU threads; none: as torch chooses
    seed: int = Field(0, ge=0)


class Config(Section):
    """Everything that defines a run but the data directories."""

    clip_ms: float = Field(1000.0, gt=0)  # longest utterance taken whole; longer: windows of it
    features: FeaturesConfig = FeaturesConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    streaming: StreamingConfig = StreamingConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _heads_can_learn(self) -> Config:
        if self.model.frame_head == "keyword" and not self.streaming.share:
            raise ValueError("model.frame_head keyword learns from streams; set streaming.share")
        if self.model.frame_head == "ctc" and self.augment.mixup_probability:
            raise ValueError("augment.mixup_probability mixes words, which a CTC head cannot learn")
        if self.streaming.share and self.training.batch_size < self.streaming.clips:
            raise ValueError("training.batch_size must be at least streaming.clips")
        return self

    @property
    def grid(self) -> FrameGrid:
        """Where the network's output frames lie."""
        grid = self.features.grid
        for convolution in self.model.convolutions:
            grid = grid.then(convolution.kernel, convolution.stride)
        return grid

    def frames(self, duration_ms: float) -> int:
        """Output frames that last about so long."""
        hop_samples = self.grid.hop_samples
        return round(duration_ms * self.features.sample_rate_hz / 1000 / hop_samples)

    @property
    def clip_samples(self) -> int:
        """Samples of the longest utterance that is taken whole."""
        return round(self.clip_ms * self.features.sample_rate_hz / 1000)


def load_config(path: str | Path, overrides: tuple[str, ...] = ()) -> Config:
    """Read and check a YAML file.

    Args:
        path: The file.
        overrides: `section.key=value` each, the value in YAML.

    Raises:
        ConfigError: Missing or unreadable file, unknown key, wrong type, value out of range.
    """
    return parse_config(read_tree(path, overrides), str(path))


def parse_config(tree: dict[str, Any], where: str) -> Config:
    """Check a tree of plain values; `where` names its origin in errors.

    Raises:
        ConfigError: Unknown key, wrong type, value out of range.
    """
    return parse_section(Config, tree, where)


def read_tree(path: str | Path | None, overrides: tuple[str, ...]) -> dict[str, Any]:
    """The plain values of a YAML file, or of none, with overrides as `load_config` takes them.

    Raises:
        ConfigError: Missing or unreadable file, or an override that is none.
    """
    tree = {} if path is None else _read_yaml(path)
    for override in overrides:
        _set(tree, override)
    return tree


def _read_yaml(path: str | Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read ({fault}); give a YAML file") from None
    except yaml.YAMLError as fault:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(fault).split())}") from None
    tree = {} if tree is None else tree
    if not isinstance(tree, dict):
        raise ConfigError(
            f"{path}: expected sections such as 'model:', got a {type(tree).__name__}"
        )
    return tree


def parse_section(kind: type[AnySection], tree: dict[str, Any], where: str) -> AnySection:
    """Check a tree of plain values against a section of any kind.

    Args:
        kind: What is expected.
        tree: The values.
        where: Names their origin in errors.

    Raises:
        ConfigError: Unknown key, wrong type, value out of range.
    """
    try:
        # JSON mode lets a strict model take lists for tuples.
        return kind.model_validate_json(_to_json(tree, where))
    except ValidationError as fault:
        raise ConfigError(f"{where}: {_first_fault(fault, kind)}") from None


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML that `load_config` reads back."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def _to_json(tree: dict[str, Any], where: str) -> str:
    import json

    try:
        return json.dumps(tree)
    except TypeError as fault:
        raise ConfigError(f"{where}: {fault}; use text, numbers, lists and sections") from None


def _set(tree: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override}: expected section.key=value")
    *sections, last = key.strip().split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {override}: {section} is not a section")
    try:
        tree[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: {value!r} is not a YAML value") from None


def _first_fault(fault: ValidationError, kind: type[BaseModel]) -> str:
    # A misspelt key also shows as a missing one: name the misspelling first.
    error = min(fault.errors(), key=lambda error: error["type"] != "extra_forbidden")
    place = [str(part) for part in error["loc"]]
    name = ".".join(place)
    if error["type"] == "extra_forbidden":
        known = list(_section_at(kind, place[:-1]).model_fields)
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"unknown key {name!r}; {hint}"
    message = error["msg"].removeprefix("Value error, ")
    got = error.get("input")
    shown = "" if isinstance(got, dict) else f", got {got!r}"
    return f"{name or 'configuration'}: {message[:1].lower()}{message[1:]}{shown}"


def _section_at(kind: type[BaseModel], place: list[str]) -> type[BaseModel]:
    section = kind
    for part in place:
        if part.isdigit():
            section = ConvConfig
        elif part in section.model_fields:
            annotation = section.model_fields[part].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                section = annotation
    return section
