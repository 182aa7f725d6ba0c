"""model.py of Triton's Python backend: ONNX Runtime on one thread an instance."""
import pathlib

import onnxruntime
import triton_python_backend_utils as utils


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = pathlib.Path(args["model_repository"], args["model_version"], "model.onnx")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        row = utils.get_input_tensor_by_name(request, "input").as_numpy()
        return utils.InferenceResponse([utils.Tensor("output", self.session.run(None, {"input": row})[0])])
