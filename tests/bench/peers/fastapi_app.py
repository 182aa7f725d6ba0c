"""FastAPI over ONNX Runtime, as one would write it by hand: Open Inference Protocol in JSON, models from $MODELS.

The model runs in the event loop itself, one at a time a process: handing it to Starlette's threads would let forty
runs share two cores, and none would end in time.
"""
import os
import pathlib

import numpy
import onnxruntime
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferRequest(BaseModel):
    inputs: list[Tensor]


def load(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


sessions = {path.parts[-3]: load(path) for path in pathlib.Path(os.environ["MODELS"]).glob("*/1/model.onnx")}
app = FastAPI()


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}


@app.post("/v2/models/{name}/infer")
async def infer(name: str, request: InferRequest):
    if name not in sessions:
        raise HTTPException(404, f"unknown model '{name}'")
    tensor = request.inputs[0]
    row = numpy.asarray(tensor.data, "float32").reshape(tensor.shape)
    output = sessions[name].run(None, {tensor.name: row})[0]
    return {"model_name": name, "model_version": "1",
            "outputs": [{"name": "output", "datatype": "FP32", "shape": output.shape, "data": output.ravel().tolist()}]}
