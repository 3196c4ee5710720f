"""The model file: its metadata, and a session that runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from speechrnn.decoding.acceptance import Acceptance
from speechrnn.decoding.confidence import ConfidenceMap
from speechrnn.decoding.operating_point import OperatingPoint
from speechrnn.errors import ModelError
from speechrnn.frames import FrameGrid
from speechrnn.vocabulary import NON_WORDS

FORMAT_VERSION = 1
METADATA_KEY = "speechrnn"
_INPUTS = ("wave", "wave_lens", "commit")


@dataclass(frozen=True)
class StateSpec:
    """One tensor that a stream carries from call to call.

    Attributes:
        name: Name of the graph's input; the output is `next_` and this name.
        shape: Sizes; a text such as "B" (batch) or "P" (pooled frames) stands for a free one.
        dtype: NumPy name of the element type.
        initial: Value of every element before the first sample.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    initial: float

    def start(self, batch_size: int) -> np.ndarray:
        """The state before the first sample; free sizes other than "B" are zero."""
        sizes = {"B": batch_size}
        shape = [sizes.get(size, 0) if isinstance(size, str) else size for size in self.shape]
        return np.full(shape, self.initial, self.dtype)


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself.

    Attributes:
        path: The file.
        file_bytes: Its size.
        format_version: Version of the graph's interface.
        labels: Classes of a clip; none without a clip head.
        symbols: Symbols of a frame.
        lexicon: How words are made of symbols, where these are phones; else empty.
        frame_head: Where a frame's symbols come from: "shared", the clip's output layer applied to
            single frames, or "keyword", a layer of its own that was trained to tell words.
        sample_rate_hz: Rate of the samples that the graph takes.
        grid: Where frames lie on the sample axis.
        clip_samples: Longest recording that is classified whole.
        pool_frames: Hidden frames that a stream keeps for pooling.
        networks: How many judge; the file gives the mean of what they hold likely.
        num_parameters: Trained numbers in the file.
        weights: How most of them are stored: "float32" or "int8".
        states: What a stream carries.
        config: The resolved configuration of the training, of the first network.
        operating_point: When a stream's words count, or None where the model was not calibrated.
        confidence_map: Makes confidences of a CTC head's words probabilities, or None where the
            model was not calibrated.
        acceptances: When sentences of a grammar count, by the digest of each that the model was
            calibrated with.
        provenance: When, from what and by which versions the model was made.
    """

    path: Path
    file_bytes: int
    format_version: int
    labels: tuple[str, ...]
    symbols: tuple[str, ...]
    lexicon: dict[str, list[list[str]]]
    frame_head: str
    sample_rate_hz: int
    grid: FrameGrid
    clip_samples: int
    pool_frames: int
    networks: int
    num_parameters: int
    weights: str
    states: tuple[StateSpec, ...]
    config: dict[str, Any]
    operating_point: OperatingPoint | None
    confidence_map: ConfidenceMap | None
    acceptances: dict[str, Acceptance]
    provenance: dict[str, Any]

    @property
    def words(self) -> tuple[str, ...]:
        """What is reported word by word, in its order; none where frames hold parts of words."""
        if self.reads_sequences:
            return self.symbols[1:] if self.units == "words" else ()
        return tuple(label for label in self.labels if label not in NON_WORDS)

    @property
    def reads_sequences(self) -> bool:
        """Whether frames spell sequences of words (CTC)."""
        return self.frame_head == "ctc"

    @property
    def units(self) -> str:
        """What the symbols of a CTC head are: words, characters or phones."""
        return str(self.config.get("model", {}).get("units", "words"))

    @property
    def bidirectional(self) -> bool:
        """Whether the network has a direction backward in time, which wants look-ahead."""
        return bool(self.config.get("model", {}).get("bidirectional", True))

    @property
    def hop_ms(self) -> float:
        """Time from one frame to the next."""
        return 1000 * self.grid.hop_samples / self.sample_rate_hz

    @property
    def clip_ms(self) -> float:
        """Length of the longest recording that is classified whole."""
        return 1000 * self.clip_samples / self.sample_rate_hz


def open_model(path: str | Path, threads: int = 1) -> tuple[ort.InferenceSession, ModelInfo]:
    """Load a model file.

    Args:
        path: The file.
        threads: CPU threads that one call may use.

    Raises:
        ModelError: Missing, empty, foreign, damaged or too new.
    """
    path = Path(path)
    session, text = open_file(path, METADATA_KEY, "speechrnn export", threads)
    info = parse_metadata(text, path, path.stat().st_size)
    _check_interface(session, info)
    return session, info


def open_file(
    path: Path, key: str, maker: str, threads: int = 1
) -> tuple[ort.InferenceSession, str]:
    """Load a file and the text that its metadata has under a key.

    Args:
        path: The file.
        key: Marks the files that are wanted.
        maker: The command that writes such files.
        threads: CPU threads that one call may use.

    Raises:
        ModelError: Missing, empty, foreign or damaged.
    """
    _check_file(path, maker)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # onnxruntime's exceptions share no base class of their own
        reason = " ".join(str(fault).split())[:160]
        raise ModelError(
            f"{path}: not a model that can be run ({reason}); give an .onnx file that "
            f"'{maker}' wrote, whole"
        ) from None
    texts = session.get_modelmeta().custom_metadata_map
    if key not in texts:
        raise ModelError(
            f"{path}: an ONNX file without speechrnn's metadata ({key}); give one that "
            f"'{maker}' wrote"
        )
    return session, str(texts[key])


def parse_metadata(text: str, path: Path, file_bytes: int) -> ModelInfo:
    """Read the metadata's JSON.

    Raises:
        ModelError: Not JSON, written for a newer interface, or something is missing in it.
    """
    remedy = "export the model again"
    try:
        tree = json.loads(text)
        version = int(tree["format_version"])
    except (ValueError, KeyError, TypeError) as fault:
        raise ModelError(f"{path}: damaged metadata ({_reason(fault)}); {remedy}") from None
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{path}: format_version {version}, but this speechrnn reads up to "
            f"{FORMAT_VERSION}; upgrade speechrnn"
        )
    try:
        info = ModelInfo(
            path=path,
            file_bytes=file_bytes,
            format_version=version,
            labels=_texts(tree["labels"]),
            symbols=_texts(tree["symbols"]),
            lexicon={
                str(word): [list(_texts(way)) for way in ways]
                for word, ways in dict(tree.get("lexicon") or {}).items()
            },
            frame_head=str(tree.get("frame_head", "shared")),
            sample_rate_hz=int(tree["sample_rate_hz"]),
            grid=FrameGrid(int(tree["grid"]["window_samples"]), int(tree["grid"]["hop_samples"])),
            clip_samples=int(tree["clip_samples"]),
            pool_frames=int(tree["pool_frames"]),
            networks=int(tree.get("networks", 1)),
            num_parameters=int(tree["num_parameters"]),
            weights=str(tree.get("weights", "float32")),
            states=tuple(_state(state) for state in tree["states"]),
            config=dict(tree["config"]),
            operating_point=_operating_point(tree.get("operating_point")),
            confidence_map=_confidence_map(tree.get("confidence_map")),
            acceptances={
                str(digest): Acceptance.from_metadata(its)
                for digest, its in dict(tree.get("acceptances") or {}).items()
            },
            provenance=dict(tree.get("provenance") or {}),
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise ModelError(f"{path}: damaged metadata ({_reason(fault)}); {remedy}") from None
    thresholds = info.operating_point.thresholds if info.operating_point else info.words
    for known, what in ((info.symbols, "frame symbol"), (thresholds, "threshold")):
        missing = [word for word in info.words if word not in known and not info.reads_sequences]
        if missing:
            raise ModelError(f"{path}: damaged metadata (no {what} for {missing[0]}); {remedy}")
    heads = info.labels if not info.reads_sequences else info.symbols
    sizes = (info.sample_rate_hz, info.clip_samples, info.grid.hop_samples, len(heads))
    if min(sizes) < 1 or info.grid.window_samples < info.grid.hop_samples:
        raise ModelError(f"{path}: damaged metadata (a size is out of range); {remedy}")
    return info


def _check_file(path: Path, maker: str) -> None:
    remedy = f"give an .onnx file that '{maker}' wrote"
    if path.is_dir():
        raise ModelError(f"{path}: is a folder; {remedy}")
    try:
        size = path.stat().st_size
    except OSError as fault:
        raise ModelError(f"{path}: no model there ({fault.strerror}); {remedy}") from None
    if size == 0:
        raise ModelError(f"{path}: an empty file; {remedy}")


def _check_interface(session: ort.InferenceSession, info: ModelInfo) -> None:
    states = [state.name for state in info.states]
    inputs = {value.name for value in session.get_inputs()}
    outputs = {value.name for value in session.get_outputs()}
    heads = ["log_probs", "clip_log_probs"] if info.labels else ["log_probs"]
    wanted_outputs = {*heads, *(f"next_{state}" for state in states)}
    missing = ({*_INPUTS, *states} - inputs) | (wanted_outputs - outputs)
    if missing or inputs - {*_INPUTS, *states}:
        names = ", ".join(sorted(missing or inputs - {*_INPUTS, *states}))
        raise ModelError(
            f"{info.path}: graph and metadata disagree about {names}; export the model again"
        )


def _state(tree: dict[str, Any]) -> StateSpec:
    shape = tuple(size if isinstance(size, str) else int(size) for size in tree["shape"])
    dtype = str(tree["dtype"])
    np.dtype(dtype)
    return StateSpec(str(tree["name"]), shape, dtype, float(tree["initial"]))


def _operating_point(tree: dict[str, Any] | None) -> OperatingPoint | None:
    return None if tree is None else OperatingPoint.from_metadata(tree)


def _confidence_map(tree: dict[str, Any] | None) -> ConfidenceMap | None:
    return None if tree is None else ConfidenceMap.from_metadata(tree)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"expected a list of texts, got {values!r}")
    return tuple(values)


def _reason(fault: Exception) -> str:
    return f"no {fault}" if isinstance(fault, KeyError) else str(fault)
