"""Models of other people, and the project's own: what the server answers is what Python's onnxruntime of the same
version says of the same inputs, bit by bit, raw and as JSON."""

import concurrent.futures
import shutil

import numpy
import onnx
import onnxruntime
import pytest

import environment
import server_process
import small_models
from oip import DTYPES, ask, check_error, outputs_of, raw_tensor, same_bits, tensor

RAW_OUTPUTS = {"binary_data_output": True}
DATATYPES = {"tensor(float)": "FP32", "tensor(int32)": "INT32", "tensor(int64)": "INT64"}
# Their graphs are those of the classifiers, but every weight is the same number: given other ones, what they
# answer depends on what they are asked.
CLASSIFIERS = ("squeezenet", "shufflenet")


def with_seeded_weights(path):
    """The model with random weights in place of the constants that it makes."""
    model = onnx.load(path)
    shapes = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    source = numpy.random.default_rng(7)
    for node in [node for node in model.graph.node if node.op_type == "ConstantOfShape"]:
        shape = shapes[node.input[0]]
        if len(shape) < 2:
            weights = source.uniform(0.5, 1.5, shape)
        else:
            weights = source.normal(0, numpy.prod(shape[1:]) ** -0.5 / 2, shape)
        model.graph.node.remove(node)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights.astype(numpy.float32), node.output[0]))
    constant = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in constant]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = 8  # from 4 on, an initializer need not be an input
    onnx.checker.check_model(model)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models") / "real"
    assert small_models.OTHERS.exists(), "the models are missing: scripts/install-dependencies test"
    shutil.copytree(small_models.OTHERS, made)
    for name in CLASSIFIERS:
        target = made / f"{name}_seeded" / "1"
        target.mkdir(parents=True)
        onnx.save(with_seeded_weights(made / name / "1" / "model.onnx"), target / "model.onnx")
    small_models.add_bundled(made)
    return made


@pytest.fixture(scope="module")
def server(folder):
    with server_process.running("--models", folder, "--workers", 2, *server_process.PLENTY) as started:
        yield started


@pytest.fixture(scope="module")
def sessions(folder):
    """One for each model, as the server has them: one thread a run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return {
        path.parts[-3]: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for path in folder.glob("*/1/model.onnx")
    }


def run(session, *arrays):
    """What Python's onnxruntime answers, by name."""
    feed = {one.name: array for one, array in zip(session.get_inputs(), arrays, strict=True)}
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, feed), strict=True))


def check(server, sessions, model, *arrays, raw=True):
    """The server's answer has the bits of Python's; both are returned by name."""
    inputs, tail = [], []
    for one, array in zip(sessions[model].get_inputs(), arrays, strict=True):
        described, data = raw_tensor(one.name, array, DATATYPES[one.type])
        inputs.append(described if raw else tensor(one.name, array, DATATYPES[one.type]))
        tail.append(data)
    body = {"inputs": inputs}
    if raw:
        body["parameters"] = RAW_OUTPUTS
    found = outputs_of(ask(server, model, body, *(tail if raw else [])))
    expected = run(sessions[model], *arrays)
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].is_raw == raw
        assert same_bits(found[name].array, array), f"{model}: {name} differs"
    return expected


def bytes_of(path):
    """A file as the classifier of file types wants it: its beginning and its end."""
    data = path.read_bytes()
    start, end = data[:4096].lstrip()[:1024], data[-4096:].rstrip()[-1024:]
    return [*start, *[256] * (1024 - len(start)), *[256] * (1024 - len(end)), *end]


@pytest.mark.parametrize("raw", [True, False])
def test_a_classifier_of_file_types(server, sessions, raw):
    root = environment.ROOT
    files = ["tests/e2e/conftest.py", "tests/e2e/oip.py", "server/app/main.cc", "server/api/gateway.cc",
             "server/models/bundled/tumour.sample.json", "README.md", "server/models/bundled/digits.onnx"]
    content = numpy.array([bytes_of(root / file) for file in files], numpy.int32)
    for row in content:
        check(server, sessions, "file_type", row.reshape(1, -1), raw=raw)
    kinds = check(server, sessions, "file_type", content, raw=raw)["target_label"].argmax(axis=1).tolist()
    assert kinds[0] == kinds[1] and kinds[2] == kinds[3], "Python and C++ are each one kind"
    assert len(set(kinds)) >= 4, kinds


@pytest.mark.parametrize("model", [*CLASSIFIERS, *[f"{name}_seeded" for name in CLASSIFIERS]])
@pytest.mark.parametrize("raw", [True, False])
def test_a_classifier_of_pictures(server, sessions, model, raw):
    found = []
    for seed in range(3):
        picture = numpy.random.default_rng(seed).random((1, 3, 224, 224), numpy.float32)
        (scores,) = check(server, sessions, model, picture, raw=raw).values()
        found.append(scores.tobytes())
    if model.endswith("_seeded"):
        assert len(set(found)) == 3, "what it answers depends on what it is asked"


@pytest.mark.parametrize("rows, width", [(1, 48), (1, 100), (1, 320), (2, 320), (3, 77), (1, 1000)])
def test_a_recogniser_of_text_with_any_width(server, sessions, rows, width):
    picture = numpy.random.default_rng(width).uniform(-1, 1, (rows, 3, 48, width)).astype(numpy.float32)
    (scores,) = check(server, sessions, "text_line", picture).values()
    assert scores.shape[0] == rows and scores.shape[2] == 6625
    if width < 100:
        check(server, sessions, "text_line", picture, raw=False)


@pytest.mark.parametrize("model", ["digits", "tumour", "tumour_logistic"])
@pytest.mark.parametrize("raw", [True, False])
def test_the_projects_own(server, sessions, bundled, model, raw):
    rows = bundled(model)
    features = numpy.array([row["features"] for row in rows], numpy.float32)
    for row in features:
        check(server, sessions, model, row.reshape(1, -1), raw=raw)
    labels = check(server, sessions, model, features, raw=raw)["label"]
    assert labels.tolist() == [row["label"] for row in rows]


def test_many_at_once_get_the_same_bits(server, sessions):
    def one(seed):
        source = numpy.random.default_rng(seed)
        check(server, sessions, "squeezenet_seeded", source.random((1, 3, 224, 224), numpy.float32))
        check(server, sessions, "text_line", source.uniform(-1, 1, (1, 3, 48, 100 + seed)).astype(numpy.float32))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(environment.fewer(20))))


@pytest.mark.parametrize("model, name, shape, statuses", [
    ("squeezenet", "data_0", [1, 3, 224, 225], [400]),
    ("file_type", "bytes", [1, 2047], [400]),
    ("text_line", "x", [1, 4, 48, 100], [400]),
    ("text_line", "x", [1, 3, 96, 100], [400, 500]),  # any height by its metadata, and the run fails
])
def test_a_shape_that_the_model_cannot_take_is_refused_and_does_no_harm(server, sessions, model, name, shape, statuses):
    datatype = "INT32" if model == "file_type" else "FP32"
    described, data = raw_tensor(name, numpy.zeros(shape, DTYPES[datatype]), datatype)
    reply = ask(server, model, {"inputs": [described]}, data)
    assert reply.status in statuses
    check_error(reply, reply.status)
    picture = numpy.zeros((1, 3, 48, 100), numpy.float32)
    check(server, sessions, "text_line", picture)
