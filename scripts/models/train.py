#!/usr/bin/env python3
"""Trains the bundled models on scikit-learn's own tables and writes them with their held-out rows.

    python3 -m venv venv && venv/bin/pip install --require-hashes -r requirements.txt
    venv/bin/python train.py ../../server/models/bundled

For each model NAME the folder gets
    NAME.onnx         the model: one FP32 input `input`, outputs `label` (INT64) and `probabilities` (FP32)
    NAME.sample.json  an Open Inference Protocol v2 infer request with one held-out row
    NAME.rows.csv     every held-out row, its true label, and the answer of ONNX Runtime for it
    NAME.rows.json    the first of these rows, for tests that read JSON
and besides accuracy.json and README.md, which state what was measured on the held-out rows.

Seeds, split and versions are fixed, so a second run on the same kind of processor writes the same bytes.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import typing

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the order of a sum is the same in every run

import numpy as np
import onnx
import onnxruntime
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

SEED = 20240
HELD_OUT_SHARE = 0.25
JSON_ROWS = 32
OPSET = {"": 17, "ai.onnx.ml": 3}
MAX_MODEL_BYTES = 300_000


@dataclasses.dataclass(frozen=True)
class Recipe:
    name: str
    what: str
    table: str
    load: typing.Callable
    classifier: typing.Callable


RECIPES = [
    Recipe(
        "tumour",
        "gradient-boosted trees (100 trees of depth 3): is a breast tumour malignant (0) or benign (1)",
        "breast cancer, 30 features of cell nuclei",
        load_breast_cancer,
        lambda: GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=SEED),
    ),
    Recipe(
        "tumour_logistic",
        "logistic regression over scaled features: the same question",
        "breast cancer, 30 features of cell nuclei",
        load_breast_cancer,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    ),
    Recipe(
        "digits",
        "network of 64-128-64-10: which digit (0 to 9) a small picture shows",
        "digits, 8x8 pictures with pixels of 0 to 16, row by row",
        load_digits,
        lambda: make_pipeline(
            MaxAbsScaler(),
            MLPClassifier(hidden_layer_sizes=(128, 64), max_iter=300, random_state=SEED),
        ),
    ),
]


def split(recipe):
    """The table as float32, because that is what the model will be asked with."""
    table = recipe.load()
    return train_test_split(
        table.data.astype(np.float32),
        table.target,
        test_size=HELD_OUT_SHARE,
        random_state=SEED,
        stratify=table.target,
    )


def convert(recipe, classifier, features, classes):
    model = convert_sklearn(
        classifier,
        name=recipe.name,
        initial_types=[("input", FloatTensorType([None, features]))],
        target_opset=OPSET,
        options={id(classifier): {"zipmap": False}},
    )
    rename_outputs(model, {"label": "label", "probabilities": "probabilities"})
    in_order = sorted(model.opset_import, key=lambda opset: opset.domain)  # else it varies by run
    del model.opset_import[:]
    model.opset_import.extend(in_order)
    set_shape(model.graph.output[0], [None])
    set_shape(model.graph.output[1], [None, classes])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def rename_outputs(model, expected):
    """The converter names its outputs so already; this fails loudly if a later version does not."""
    names = [output.name for output in model.graph.output]
    if names != list(expected):
        raise SystemExit(f"{model.graph.name}: outputs are {names}, expected {list(expected)}")


def set_shape(value, dimensions):
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for size in dimensions:
        dimension = shape.dim.add()
        if size is None:
            dimension.dim_param = "rows"
        else:
            dimension.dim_value = size


def short(number):
    """The number whose text is the shortest that reads back as the same float32."""
    text = float(str(np.float32(number)))
    assert np.float32(text) == np.float32(number)
    return int(text) if text.is_integer() and abs(text) < 1e6 else text


def infer_request(row):
    numbers = [short(number) for number in row]
    tensor = {"name": "input", "shape": [1, len(numbers)], "datatype": "FP32", "data": numbers}
    return {"inputs": [tensor]}


def write_csv(path, recipe, rows, truth, labels, probabilities):
    correct = int(np.sum(labels == truth))
    lines = [
        f"# Held-out rows of {recipe.name} with the answers of ONNX Runtime: "
        f"{correct} of {len(rows)} labels correct.",
        ",".join(
            [f"x{i}" for i in range(rows.shape[1])]
            + ["true_label", "label"]
            + [f"p{i}" for i in range(probabilities.shape[1])]
        ),
    ]
    for row, true_label, label, chances in zip(rows, truth, labels, probabilities):
        cells = [*map(short, row), int(true_label), int(label), *map(short, chances)]
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")


def write_json_rows(path, recipe, rows, truth, labels, probabilities):
    lines = [
        json.dumps(
            {
                "features": [short(number) for number in row],
                "true_label": int(true_label),
                "label": int(label),
                "probabilities": [short(chance) for chance in chances],
            }
        )
        for row, true_label, label, chances in zip(rows, truth, labels, probabilities)
    ]
    body = ",\n".join(lines[:JSON_ROWS])
    path.write_text(f'{{"model": "{recipe.name}", "input": "input", "rows": [\n{body}\n]}}\n')


def make(recipe, folder):
    train_rows, held_out, train_labels, truth = split(recipe)
    classifier = recipe.classifier().fit(train_rows, train_labels)
    data = convert(recipe, classifier, held_out.shape[1], len(np.unique(truth)))
    if len(data) > MAX_MODEL_BYTES:
        raise SystemExit(f"{recipe.name}: {len(data)} bytes, the limit is {MAX_MODEL_BYTES}")
    (folder / f"{recipe.name}.onnx").write_bytes(data)

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    # One row at a time, as the tests ask: a matrix product may round differently for many rows at once.
    answers = [session.run(["label", "probabilities"], {"input": row[None, :]}) for row in held_out]
    labels = np.concatenate([answer[0] for answer in answers])
    probabilities = np.concatenate([answer[1] for answer in answers])

    results = (recipe, held_out, truth, labels, probabilities)
    write_csv(folder / f"{recipe.name}.rows.csv", *results)
    write_json_rows(folder / f"{recipe.name}.rows.json", *results)
    sample = json.dumps(infer_request(held_out[0]))
    (folder / f"{recipe.name}.sample.json").write_text(sample + "\n")

    correct = int(np.sum(labels == truth))
    return {
        "table": recipe.table,
        "model": recipe.what,
        "bytes": len(data),
        "training_rows": len(train_rows),
        "held_out_rows": len(held_out),
        "correct": correct,
        "accuracy": round(correct / len(held_out), 4),
        "accuracy_in_scikit_learn": round(float(classifier.score(held_out, truth)), 4),
    }


def write_readme(path, figures):
    lines = [
        "# The bundled models",
        "",
        "Small real models that are embedded in the server and answer when no model folder is given. They show",
        "what the server does; they are no medical or other advice.",
        "",
        "| model | what it is | table | rows trained on | held-out rows | right on them | accuracy | bytes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, figure in figures.items():
        lines.append(
            f"| `{name}` | {figure['model']} | {figure['table']} | {figure['training_rows']} "
            f"| {figure['held_out_rows']} | {figure['correct']} | {figure['accuracy']:.2%} | {figure['bytes']} |"
        )
    lines += [
        "",
        f"The tables come with scikit-learn {sklearn.__version__}. The held-out rows are a fixed, stratified",
        f"{HELD_OUT_SHARE:.0%} that no training saw. Each model takes one FP32 input `input` of shape `[-1,30]`",
        "(`[-1,64]` for `digits`) and answers with `label` (INT64, `[-1]`) and `probabilities` (FP32, one",
        "column a class).",
        "",
        "`NAME.sample.json` is an infer request with one held-out row. `NAME.rows.csv` holds every held-out row",
        "with its true label and the answer of ONNX Runtime in Python, which the tests require of the server",
        f"too; `NAME.rows.json` holds the first {JSON_ROWS} of them. `accuracy.json` holds the table above.",
        "",
        "Everything in this folder is written by `scripts/models/train.py`, which says how to run it. Seeds,",
        "split and versions are fixed; another kind of processor may round differently in training.",
    ]
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the files are written")
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.error(f"{folder} is not a folder")

    figures = {recipe.name: make(recipe, folder) for recipe in RECIPES}
    (folder / "accuracy.json").write_text(json.dumps(figures, indent=2) + "\n")
    write_readme(folder / "README.md", figures)
    for name, figure in figures.items():
        print(f"{name}: {figure['correct']} of {figure['held_out_rows']} held-out rows right, {figure['bytes']} bytes")


if __name__ == "__main__":
    main()
