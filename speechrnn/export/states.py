"""What a stream carries from call to call, as the model file declares it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from speechrnn.models.average import AnyModel


@dataclass(frozen=True)
class StateSpec:
    """One tensor of the state.

    Attributes:
        name: The graph's input; its output is `next_` and this name.
        shape: Sizes; "B" is the batch, "P" the frames kept for pooling, none at the start.
        dtype: NumPy name of the element type.
        initial: Value of every element at the start of a stream.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    initial: float

    def as_metadata(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"shape": list(self.shape)}


def state_specs(model: AnyModel) -> list[StateSpec]:
    """Every tensor that the model's streams carry, in the order of `initial_state`."""
    specs = []
    for name, tensor in model.initial_state(1).items():
        sizes: list[int | str] = ["B", *tensor.shape[1:]]
        if name.endswith("pool"):
            sizes[1] = "P"
        dtype = str(tensor.dtype).removeprefix("torch.")
        initial = float(tensor.flatten()[0]) if tensor.numel() else 0.0
        specs.append(StateSpec(name, tuple(sizes), dtype, initial))
    return specs
