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
  // Load a model; both block for milliseconds. `bytes` are not needed afterwards.
  // Errors: kInvalidArgument, with ONNX Runtime's reason, or naming the input or output whose type
  // has no name in the protocol (sequences, maps, 8-bit floats and the like); the message has no
  // path in front.
  static Result<std::unique_ptr<OnnxModel>> FromFile(const OnnxRuntime& runtime, std::string name,
                                                     std::string version,
                                                     const std::filesystem::path& path);
  static Result<std::unique_ptr<OnnxModel>> FromBytes(const OnnxRuntime& runtime, std::string name,
                                                      std::string version,
                                                      std::span<const std::byte> bytes);
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

  OnnxModel(ModelInfo info, std::unique_ptr<Session> session);

  template <typename MakeSession>
  static Result<std::unique_ptr<OnnxModel>> Load(std::string name, std::string version,
                                                 MakeSession make_session);
  Result<std::vector<Tensor>> Run(std::span<const Tensor> inputs,
                                  std::span<const std::size_t> outputs,
                                  const std::stop_token& stop) const;

  const ModelInfo info_;
  const std::unique_ptr<Session> session_;
};

}  // namespace baton::models
