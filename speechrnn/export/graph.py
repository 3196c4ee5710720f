"""A small builder of ONNX graphs: names for nodes, constants kept once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # what onnxruntime 1.19 and all later ones read
Dims = Sequence[int | str]


class GraphBuilder:
    """Collects nodes, constants, inputs and outputs; values are known by their names.

    Args:
        prefix: Put before every name, so that a branch's names differ from its parent's.
        int8: Whether weights are to be stored as 8-bit integers.
    """

    def __init__(self, prefix: str = "", int8: bool = False) -> None:
        self._prefix = prefix
        self.int8 = int8
        self._nodes: list[onnx.NodeProto] = []
        self._known: dict[str, list[str]] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._branches = 0

    def branch(self) -> GraphBuilder:
        """A builder of a subgraph that may use this graph's values."""
        self._branches += 1
        return GraphBuilder(f"{self._prefix}branch_{self._branches}_")

    def input(self, name: str, dtype: str, shape: Dims) -> str:
        """Declare an input of the graph."""
        self._inputs.append(_value_info(name, dtype, shape))
        return name

    def output(self, name: str, value: str, dtype: str, shape: Dims) -> None:
        """Declare `value` an output of the graph, called `name`."""
        name = self._prefix + name
        self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(_value_info(name, dtype, shape))

    def constant(self, value: Any, dtype: str = "float32") -> str:
        """The name of a constant tensor; equal ones are stored once."""
        array = np.ascontiguousarray(np.asarray(value, dtype)).reshape(np.shape(value))
        key = (dtype, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"{self._prefix}constant_{len(self._constants)}"
            self._constants[key] = numpy_helper.from_array(array, name)
        return self._constants[key].name

    def ints(self, *values: int) -> str:
        """The name of a constant list of int64."""
        return self.constant(values, "int64")

    def scalar(self, value: int) -> str:
        """The name of a constant int64 without axes."""
        return self.constant(value, "int64")

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and name its first output; an empty input is a left-out one."""
        return self.nodes(op, *inputs, outputs=(True,), **attributes)[0]

    def nodes(self, op: str, *inputs: str, outputs: Sequence[bool], **attributes: Any) -> list[str]:
        """Add a node and name its outputs; `outputs` says which of them are wanted.

        Equal nodes are added once, but for those that hold graphs.
        """
        key = repr((op, inputs, outputs, sorted(attributes.items())))
        graphs = any(isinstance(value, onnx.GraphProto) for value in attributes.values())
        if key in self._known and not graphs:
            return self._known[key]
        name = f"{self._prefix}{op}_{len(self._nodes)}"
        names = [f"{name}_{i}" if wanted else "" for i, wanted in enumerate(outputs)]
        self._nodes.append(helper.make_node(op, list(inputs), names, name=name, **attributes))
        self._known[key] = names
        return names

    def size(self, value: str, axis: int) -> str:
        """(1) the size of one axis of `value`, int64."""
        return self.node("Shape", value, start=axis, end=axis + 1)

    def length(self, value: str, axis: int) -> str:
        """The size of one axis of `value`, int64 without axes."""
        return self.node("Squeeze", self.size(value, axis), self.ints(0))

    def graph(self, name: str) -> onnx.GraphProto:
        """All that was added, as a graph."""
        constants = list(self._constants.values())
        return helper.make_graph(self._nodes, name, self._inputs, self._outputs, constants)

    def model(self, name: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """All that was added, as a checked model.

        Args:
            name: The graph's name.
            metadata: Texts by key.
        """
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            self.graph(name), opset_imports=[opset], ir_version=IR_VERSION, producer_name=name
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def _value_info(name: str, dtype: str, shape: Dims) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, list(shape))
