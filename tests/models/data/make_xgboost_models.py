#!/usr/bin/env python3
"""Writes the XGBoost models beside it, with rows and what XGBoost in Python says of them.

Needs XGBoost 1.7 and NumPy: the Debian package python3-xgboost. Run as `python3 make_xgboost_models.py`.
"""

import json
import pathlib

import numpy as np
import xgboost as xgb

FOLDER = pathlib.Path(__file__).parent
FEATURES = 4
MAX_BYTES = 10000

assert xgb.__version__.startswith("1.7."), xgb.__version__
random = np.random.default_rng(6)
rows = random.normal(size=(200, FEATURES)).astype("float32")
rows[random.random(rows.shape) < 0.1] = np.nan
score = np.nansum(rows, axis=1)
# Its first column is a category.
kinds = rows.copy()
kinds[:, 0] = random.integers(0, 8, size=len(rows))
MODELS = {
    "xgb_binary": ({"objective": "binary:logistic"}, rows, score > 0, None),
    "xgb_classes": ({"objective": "multi:softprob", "num_class": 3}, rows, np.digitize(score, [-1, 1]), None),
    "xgb_softmax": ({"objective": "multi:softmax", "num_class": 3}, rows, np.digitize(score, [-1, 1]), None),
    "xgb_dart": ({"booster": "dart", "rate_drop": 0.3, "objective": "reg:squarederror"}, rows, score, None),
    "xgb_category": (
        {"tree_method": "hist", "max_cat_to_onehot": 2, "objective": "reg:squarederror"},
        kinds, np.where(kinds[:, 0] % 3 == 1, 5, score), ["c", "q", "q", "q"],
    ),
}
predictions = {}
for name, (parameters, table, target, types) in MODELS.items():
    data = xgb.DMatrix(table, target, feature_types=types, enable_categorical=types is not None)
    booster = xgb.train({**parameters, "max_depth": 2, "nthread": 1, "seed": 1}, data, 3)
    for ending in ("json", "ubj"):
        path = FOLDER / f"{name}.{ending}"
        booster.save_model(path)
        assert path.stat().st_size <= MAX_BYTES, path
    few = xgb.DMatrix(table[:8], feature_types=types, enable_categorical=types is not None)
    # In place, as the server predicts; DART adds its trees up in another order otherwise.
    answers = booster.inplace_predict(table[:8])
    np.testing.assert_allclose(answers, booster.predict(few), rtol=2e-6)
    predictions[name] = [float(number) for number in answers.ravel()]
xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(rows, score), 1).save_model(FOLDER / "xgb_linear.json")


def literal(number):
    return "NAN" if np.isnan(number) else f"{np.float32(number)!s}F"


def listed(numbers):
    words = [literal(number) for number in numbers]
    return ",\n    ".join(", ".join(words[i:i + 8]) for i in range(0, len(words), 8))


lines = ["// Written by make_xgboost_models.py: eight rows, and what XGBoost in Python says of them.", "#pragma once", ""]
lines += ["#include <cmath>", "#include <vector>", "", "// clang-format off"]
for name, table in (("kRows", rows), ("kRowsWithCategory", kinds)):
    lines.append(f"inline const std::vector<float> {name} = {{{listed(table[:8].ravel())}}};")
for name, numbers in predictions.items():
    words = "".join(word.title() for word in name.removeprefix("xgb_").split("_"))
    lines.append(f"inline const std::vector<float> k{words}Predictions = {{{listed(numbers)}}};")
lines.append("// clang-format on")
(FOLDER / "xgboost_predictions.h").write_text("\n".join(lines).replace(" = {", " = {\n    ") + "\n")
