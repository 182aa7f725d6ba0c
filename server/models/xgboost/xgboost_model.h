// A model that XGBoost runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "server/models/model.h"

namespace baton::models {

struct XgboostApi;

// One booster, shared by all who predict with it: the in-place prediction of 1.7 keeps what it
// writes to in the calling thread's storage. Each call runs on the thread that makes it.
//
// In: `input` FP32 [-1, features], NaN for a missing value. Out: `output` FP32 [-1], or
// [-1, classes] for a model that gives more than one number a row.
//
// Threads: any, at once.
// Cost: the input is read where it lies, the output is copied once.
class XgboostModel final : public Model {
 public:
  // Loads a model.json or model.ubj, by its ending; blocks for milliseconds. The file is checked
  // before the library sees it: see check_model.h.
  // Errors: kInvalidArgument, without the path in front, for a file that cannot be read, is no
  // model, or is of another version than 1.x.
  static Result<std::unique_ptr<XgboostModel>> FromFile(const XgboostApi& api, std::string name,
                                                        std::string version,
                                                        const std::filesystem::path& path);

  const ModelInfo& info() const override { return info_; }

  Result<std::vector<Tensor>> Predict(std::span<const Tensor> inputs,
                                      std::span<const std::string> wanted,
                                      const std::stop_token& stop) const override;

 private:
  struct Freer {
    const XgboostApi* api;
    void operator()(void* booster) const;
  };
  using Booster = std::unique_ptr<void, Freer>;

  XgboostModel(const XgboostApi& api, Booster booster, ModelInfo info)
      : api_(api), booster_(std::move(booster)), info_(std::move(info)) {}

  static Result<Booster> MakeBooster(const XgboostApi& api, std::string_view bytes);
  Status AskForOutput();
  Result<Tensor> Run(const Tensor& input) const;

  const XgboostApi& api_;
  const Booster booster_;
  ModelInfo info_;  // set while it loads
};

}  // namespace baton::models
