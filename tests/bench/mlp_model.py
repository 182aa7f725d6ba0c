"""Makes mlp5 and mlp200: multilayer perceptrons that take about 5 and 200 ms on one thread of this machine.

    build/deps/bench-venv/bin/python tests/bench/mlp_model.py FOLDER

Writes FOLDER/<name>/1/model.onnx and prints what each takes, as JSON. All layers of a model share one matrix of
256 x 256, a quarter of a MiB, which fits a core's own cache with room to spare: the time goes into computing, and two
threads do not slow each other down. (512 x 512 is a whole MiB, as large as that cache is on many machines: how long a
run takes then depends on where a process happens to get its memory, by a fifth.)
The number of layers makes the time; the batch dimension is dynamic.
"""
import json
import pathlib
import statistics
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FEATURES, HIDDEN = 16, 256
TARGETS_MS = {"mlp5": 5.0, "mlp200": 200.0}


def network(layers):
    random = numpy.random.default_rng(1)

    def weights(name, rows, columns):
        values = random.normal(0, (2 / rows) ** 0.5, (rows, columns)).astype("float32")
        return numpy_helper.from_array(values, name)

    constants = [weights("w_in", FEATURES, HIDDEN), weights("w", HIDDEN, HIDDEN), weights("w_out", HIDDEN, 1)]
    nodes = [helper.make_node("MatMul", ["input", "w_in"], ["h0"])]
    for i in range(layers):
        nodes.append(helper.make_node("MatMul", [f"h{i}", "w"], [f"m{i}"]))
        # Tanh and not Relu: thousands of layers with one matrix neither explode nor end in denormals.
        nodes.append(helper.make_node("Tanh", [f"m{i}"], [f"h{i + 1}"]))
    nodes.append(helper.make_node("MatMul", [f"h{layers}", "w_out"], ["output"]))
    graph = helper.make_graph(
        nodes, "mlp", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", FEATURES])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 1])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def milliseconds(model, seconds=0.6):
    """The median of one run on one thread, in time of that thread: others on the machine do not count."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    row = {"input": numpy.full((1, FEATURES), 0.5, "float32")}
    session.run(None, row)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.thread_time()
        session.run(None, row)
        times.append((time.thread_time() - start) * 1e3)
    return statistics.median(times)


def main():
    folder = pathlib.Path(sys.argv[1])
    few, many = 50, 250
    per_layer = (milliseconds(network(many)) - milliseconds(network(few))) / (many - few)
    made = {}
    for name, target in TARGETS_MS.items():
        model = network(layers := max(1, round(target / per_layer)))
        path = folder / name / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())
        made[name] = {"layers": layers, "ms": round(milliseconds(model), 3)}
    print(json.dumps(made))


if __name__ == "__main__":
    main()
