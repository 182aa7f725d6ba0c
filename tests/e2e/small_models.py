"""A folder of models to serve: small ones made here, one for each thing that the protocol can say of a tensor,
and the project's own."""

import pathlib
import shutil

import onnx
from onnx import TensorProto, helper

import environment

BUNDLED = environment.ROOT / "server" / "models" / "bundled"
OTHERS = environment.DEPS / "models"  # of other people, which scripts/install-dependencies fetches
OPSET = [helper.make_opsetid("", 19)]
IR_VERSION = 9
KINDS = {
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
    "BF16": TensorProto.BFLOAT16,
    "BYTES": TensorProto.STRING,
}


def tensor(name, kind, *dimensions):
    return helper.make_tensor_value_info(name, KINDS[kind], dimensions)


def save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True)
    onnx.save(model, path)


def save_identity(path, kind):
    """x comes back as y."""
    shape = ("rows", "columns")
    save(path, [helper.make_node("Identity", ["x"], ["y"])], [tensor("x", kind, *shape)], [tensor("y", kind, *shape)])


def save_pair(path):
    """Of a and b the sum and the difference: who mixes them up is found out."""
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])]
    shape = ("FP32", "rows", 2)
    save(path, nodes, [tensor("a", *shape), tensor("b", *shape)], [tensor("sum", *shape), tensor("difference", *shape)])


def save_mixed(path):
    """Three tensors of different datatypes and ranks, each coming back."""
    shapes = {"text": ("BYTES", "rows"), "number": ("INT64", "rows", 2), "flag": ("BOOL", "rows", 1, 3)}
    save(
        path,
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in shapes],
        [tensor(name, *shape) for name, shape in shapes.items()],
        [tensor(f"{name}_out", *shape) for name, shape in shapes.items()],
    )


def save_plus(path, number):
    """x plus a number of its own, by which a version is known."""
    constant = helper.make_tensor("number", TensorProto.FLOAT, [1], [number])
    node = helper.make_node("Add", ["x", "number"], ["y"])
    save(path, [node], [tensor("x", "FP32", "rows")], [tensor("y", "FP32", "rows")], [constant])


def save_quotient(path):
    """Elements of FP32 divided by each other: by zero gives what JSON cannot say."""
    node = helper.make_node("Div", ["a", "b"], ["quotient"])
    save(path, [node], [tensor("a", "FP32", "rows"), tensor("b", "FP32", "rows")], [tensor("quotient", "FP32", "rows")])


def save_table(path):
    """A fixed shape, 2 x 4."""
    node = helper.make_node("Neg", ["x"], ["y"])
    save(path, [node], [tensor("x", "INT32", 2, 4)], [tensor("y", "INT32", 2, 4)])


def add_bundled(folder):
    for file in BUNDLED.glob("*.onnx"):
        target = folder / file.stem / "1"
        target.mkdir(parents=True)
        shutil.copy(file, target / "model.onnx")


def make_folder(folder):
    """identity_<datatype>, pair, mixed, plus in versions 1, 2 and 10, quotient, table, and the bundled ones."""
    folder = pathlib.Path(folder)
    for kind in KINDS:
        save_identity(folder / f"identity_{kind.lower()}" / "1" / "model.onnx", kind)
    save_pair(folder / "pair" / "1" / "model.onnx")
    save_mixed(folder / "mixed" / "1" / "model.onnx")
    for version in (1, 2, 10):
        save_plus(folder / "plus" / str(version) / "model.onnx", version)
    save_quotient(folder / "quotient" / "1" / "model.onnx")
    save_table(folder / "table" / "1" / "model.onnx")
    add_bundled(folder)
    return folder
