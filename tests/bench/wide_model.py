"""Makes `wide`: a model that takes a row of many numbers and gives their mean, so that reading them is all the work.

    build/deps/bench-venv/bin/python tests/bench/wide_model.py FOLDER FEATURES

Writes FOLDER/wide/1/model.onnx.
"""
import pathlib
import sys

import onnx
from onnx import TensorProto, helper


def main():
    folder, features = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    node = helper.make_node("ReduceMean", ["input"], ["output"], axes=[1], keepdims=1)
    graph = helper.make_graph([node], "wide", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", features])],
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path = folder / "wide/1/model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
