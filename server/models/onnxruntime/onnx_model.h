// A model that ONNX Runtime runs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/models/model.h"
#include "server/models/onnxruntime/library.h"

namespace baton::models {

// One session, shared by all who predict with it. Each call runs on the thread that makes it:
// parallelism comes from the worker pool, so the session has no threads of its own.
//
// Threads: any, at once.
// Cost: inputs are read where they lie; each output is copied once.
class OnnxModel final : public Model {
 public:
  struct Options {
    // An output that is a sequence of maps from whole numbers or texts to FP32, as classifiers
    // without `zipmap: False` have, is served as two tensors of one shape, [rows, classes]: one of
    // the output's own name with the numbers, and NAME_labels (INT64 or BYTES) with the key of each
    // number beside it. Otherwise such a model is refused.
    bool flatten_maps = false;
  };

  // Load a model; both block for milliseconds. `bytes` are not needed afterwards.
  // Errors: kInvalidArgument, with ONNX Runtime's reason, or naming the input or output whose type
  // has no name in the protocol (sequences, maps, 8-bit floats and the like), or the tensor that
  // declares more than there is (see model_file.h); the message has no path in front.
  static Result<std::unique_ptr<OnnxModel>> FromFile(const OnnxRuntime& runtime, std::string name,
                                                     std::string version,
                                                     const std::filesystem::path& path,
                                                     const Options& options);
  static Result<std::unique_ptr<OnnxModel>> FromFile(const OnnxRuntime& runtime, std::string name,
                                                     std::string version,
                                                     const std::filesystem::path& path) {
    return FromFile(runtime, std::move(name), std::move(version), path, Options());
  }
  static Result<std::unique_ptr<OnnxModel>> FromBytes(const OnnxRuntime& runtime, std::string name,
                                                      std::string version,
                                                      std::span<const std::byte> bytes,
                                                      const Options& options);
  static Result<std::unique_ptr<OnnxModel>> FromBytes(const OnnxRuntime& runtime, std::string name,
                                                      std::string version,
                                                      std::span<const std::byte> bytes) {
    return FromBytes(runtime, std::move(name), std::move(version), bytes, Options());
  }
  ~OnnxModel() override;

  const ModelInfo& info() const override { return info_; }

  // What ONNX Runtime itself finds wrong with the tensors (rows that do not match between two
  // inputs, an index out of range) is kInvalidArgument where it says so, else kInternal. A run
  // stops between two nodes of the graph, and between two rounds of a loop in it: one large node
  // runs to its end.
  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& stop) const override;

 private:
  struct Session;  // keeps ONNX Runtime's headers out of this one

  // Where an output of ours comes from: an output of the session, or one half of it.
  struct Source {
    enum class Part { kTensor, kMapNumbers, kMapLabels };
    std::size_t index = 0;  // among the session's outputs
    Part part = Part::kTensor;
  };

  OnnxModel(ModelInfo info, std::vector<Source> sources, std::unique_ptr<Session> session);

  template <typename MakeSession>
  static Result<std::unique_ptr<OnnxModel>> Load(std::string name, std::string version,
                                                 const Options& options, MakeSession make_session);
  static Status DescribeInputs(const Session& session, ModelInfo& info);
  static Status DescribeOutputs(const Session& session, const Options& options, ModelInfo& info,
                                std::vector<Source>& sources);
  Result<std::vector<Tensor>> Run(std::span<const Tensor> inputs,
                                  std::span<const std::size_t> outputs,
                                  const std::stop_token& stop) const;

  const ModelInfo info_;
  const std::vector<Source> sources_;  // one for each of info_.outputs
  const std::unique_ptr<Session> session_;
};

}  // namespace baton::models
