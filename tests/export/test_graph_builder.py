"""The builder of ONNX graphs."""

import numpy as np
import onnx

from speechrnn.export.graph import GraphBuilder


def test_equal_constants_are_stored_once(open_session, run):
    g = GraphBuilder()
    x = g.input("x", "float32", ["N"])
    doubled = g.node("Mul", x, g.constant(2.0))
    g.output("y", g.node("Mul", doubled, g.constant(2.0)), "float32", ["N"])
    g.output("size", g.length(x, 0), "int64", [])
    model = g.model("test", {"key": "value"})
    # 2.0 once, and the axis that `length` drops.
    assert len(model.graph.initializer) == 2
    got = run(open_session(model.SerializeToString()), x=np.float32([1, 2, 3]))
    assert got["y"].tolist() == [4, 8, 12]
    assert int(got["size"]) == 3


def test_equal_nodes_are_added_once():
    g = GraphBuilder()
    x = g.input("x", "float32", ["N", "M"])
    first = g.node("ReduceSum", x, g.ints(0), keepdims=0)
    assert g.node("ReduceSum", x, g.ints(0), keepdims=0) == first
    assert g.node("ReduceSum", x, g.ints(0), keepdims=1) != first
    assert g.node("ReduceSum", x, g.ints(1), keepdims=0) != first
    assert g.node("ReduceMax", x, g.ints(0), keepdims=0) != first


def test_branches_are_never_taken_for_equal():
    g = GraphBuilder()
    x = g.input("x", "float32", ["N"])
    values = []
    for operator in ("Neg", "Abs"):
        branches = [g.branch(), g.branch()]
        for branch in branches:
            branch.output("y", branch.node(operator, x), "float32", ["N"])
        yes, no = (branch.graph("branch") for branch in branches)
        values.append(g.node("If", g.constant(True, "bool"), then_branch=yes, else_branch=no))
    assert len(set(values)) == 2


def test_branches_use_values_of_their_parent(open_session, run):
    g = GraphBuilder()
    x = g.input("x", "float32", ["N"])
    positive = g.node("Greater", g.node("ReduceSum", x, keepdims=0), g.constant(0.0))
    yes, no = g.branch(), g.branch()
    yes.output("y", yes.node("Add", x, yes.constant(1.0)), "float32", ["N"])
    no.output("y", no.node("Neg", x), "float32", ["N"])
    value = g.node("If", positive, then_branch=yes.graph("yes"), else_branch=no.graph("no"))
    g.output("y", value, "float32", ["N"])
    session = open_session(g.model("test", {}).SerializeToString())
    assert run(session, x=np.float32([1, 2]))["y"].tolist() == [2, 3]
    assert run(session, x=np.float32([-1, -2]))["y"].tolist() == [1, 2]


def test_versions_that_old_runtimes_read():
    g = GraphBuilder()
    g.output("y", g.input("x", "float32", ["N"]), "float32", ["N"])
    model = g.model("test", {"key": "value"})
    assert model.ir_version == 8
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert [(prop.key, prop.value) for prop in model.metadata_props] == [("key", "value")]
    onnx.checker.check_model(model)
