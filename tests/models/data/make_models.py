#!/usr/bin/env python3
"""Writes the tiny models beside it, one for each odd thing that the tests ask of a model.

Runs in the environment of scripts/models/requirements.txt: `python make_models.py`.
"""

import pathlib

import onnx
from onnx import TensorProto, helper

OPSET = [helper.make_opsetid("", 19), helper.make_opsetid("ai.onnx.ml", 3)]
IR_VERSION = 9
MAX_BYTES = 2000

DATATYPES = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
    "BF16": TensorProto.BFLOAT16,
}


def tensor(name, element_type, shape):
    return helper.make_tensor_value_info(name, element_type, shape)


def write(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    assert len(data) <= MAX_BYTES, f"{name}: {len(data)} bytes"
    (pathlib.Path(__file__).parent / f"{name}.onnx").write_bytes(data)


# Each datatype of the protocol comes back as it went in: input X_in, output X_out.
write(
    "all_types",
    [helper.make_node("Identity", [f"{name}_in"], [f"{name}_out"]) for name in DATATYPES],
    [tensor(f"{name}_in", kind, ["n"]) for name, kind in DATATYPES.items()],
    [tensor(f"{name}_out", kind, ["n"]) for name, kind in DATATYPES.items()],
)

# A tensor of rank 0.
write(
    "scalar",
    [helper.make_node("Neg", ["x"], ["minus_x"])],
    [tensor("x", TensorProto.FLOAT, [])],
    [tensor("minus_x", TensorProto.FLOAT, [])],
)

# Two inputs whose row counts must match, which only the run can see; and two outputs.
write(
    "two_inputs",
    [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])],
    [tensor("a", TensorProto.FLOAT, ["n", 2]), tensor("b", TensorProto.FLOAT, ["n", 2])],
    [tensor("sum", TensorProto.FLOAT, ["n", 2]), tensor("difference", TensorProto.FLOAT, ["n", 2])],
)

# An index out of range is the caller's fault, which only the run can see.
write(
    "lookup",
    [helper.make_node("Gather", ["table", "index"], ["entry"])],
    [tensor("index", TensorProto.INT64, ["n"])],
    [tensor("entry", TensorProto.INT64, ["n"])],
    [helper.make_tensor("table", TensorProto.INT64, [3], [10, 20, 30])],
)

# Adds one to x for as many rounds as are asked for, so a run lasts as long as a test wants.
write(
    "rounds",
    [
        helper.make_node("Constant", [], ["go_on"], value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        helper.make_node(
            "Loop",
            ["rounds", "go_on", "x"],
            ["sum"],
            body=helper.make_graph(
                [
                    helper.make_node("Identity", ["still"], ["still_out"]),
                    helper.make_node("Constant", [], ["one"], value_float=1.0),
                    helper.make_node("Add", ["before", "one"], ["after"]),
                ],
                "round",
                [
                    tensor("round", TensorProto.INT64, []),
                    tensor("still", TensorProto.BOOL, []),
                    tensor("before", TensorProto.FLOAT, []),
                ],
                [tensor("still_out", TensorProto.BOOL, []), tensor("after", TensorProto.FLOAT, [])],
            ),
        ),
    ],
    [tensor("rounds", TensorProto.INT64, []), tensor("x", TensorProto.FLOAT, [])],
    [tensor("sum", TensorProto.FLOAT, [])],
)

# What cannot be served: an output that is a sequence of maps, and an element type without a name.
write(
    "map_output",
    [helper.make_node("ZipMap", ["scores"], ["by_class"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])],
    [tensor("scores", TensorProto.FLOAT, ["n", 2])],
    [
        helper.make_value_info(
            "by_class",
            helper.make_sequence_type_proto(
                helper.make_map_type_proto(
                    TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None)
                )
            ),
        )
    ],
)
write(
    "float8",
    [helper.make_node("Identity", ["x"], ["same"])],
    [tensor("x", TensorProto.FLOAT8E4M3FN, ["n"])],
    [tensor("same", TensorProto.FLOAT8E4M3FN, ["n"])],
)

# A classifier's output with texts for labels.
write(
    "map_texts",
    [helper.make_node("ZipMap", ["scores"], ["by_class"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"])],
    [tensor("scores", TensorProto.FLOAT, ["n", 2])],
    [
        helper.make_value_info(
            "by_class",
            helper.make_sequence_type_proto(
                helper.make_map_type_proto(
                    TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, None)
                )
            ),
        )
    ],
)


def write_hostile(name, node, initializer=None):
    """A model from x (FP32) to y that no checker lets pass."""
    graph = helper.make_graph(
        [node], name, [tensor("x", TensorProto.FLOAT, ["n"])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [initializer] if initializer else [],
    )
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    (pathlib.Path(__file__).parent / f"{name}.onnx").write_bytes(model.SerializeToString())


def claim(element_type, size, location=None):
    """A tensor that declares `size` elements and brings none, or has them in another file."""
    proto = TensorProto(name="w", data_type=element_type, dims=[size])
    if location:
        proto.data_location = TensorProto.EXTERNAL
        proto.external_data.add(key="location", value=location)
    return proto


ADD = helper.make_node("Add", ["x", "w"], ["y"])
write_hostile("unknown_operator", helper.make_node("Teleport", ["x"], ["y"]))
write_hostile("claims_floats", ADD, claim(TensorProto.FLOAT, 2_500_000_000))
write_hostile("claims_texts", ADD, claim(TensorProto.STRING, 300_000_000))
write_hostile("claims_in_node", helper.make_node("Constant", [], ["y"], value=claim(TensorProto.STRING, 300_000_000)))
write_hostile("external_missing", ADD, claim(TensorProto.FLOAT, 4, "nothing.bin"))
write_hostile("external_short", ADD, claim(TensorProto.FLOAT, 2_500_000_000, "scalar.onnx"))
write_hostile("external_outside", ADD, claim(TensorProto.FLOAT, 4, "../../../README.md"))
