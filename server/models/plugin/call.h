// One call of a plug-in: what the server lends it, and what it gave back.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/models/model.h"
#include "server/models/plugin/baton_plugin.h"

namespace baton::models {

// Threads: one. Stays where it was made.
class PluginCall {
 public:
  // `info` outlives the call.
  PluginCall(const ModelInfo& info, const std::stop_token& stop);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  const baton_call& lent() const { return lent_; }

  // What the plug-in said last; "it gave no reason" when nothing.
  const std::string& message() const { return message_; }

  // The outputs at `wanted`, in that order; once. Errors: kInternal for what was given wrongly, or
  // not at all.
  Result<std::vector<Tensor>> TakeOutputs(std::span<const std::size_t> wanted);

 private:
  void Add(const baton_tensor& output);
  Status Check(const baton_tensor& output, const TensorSpec& spec) const;

  const ModelInfo& info_;
  const std::stop_token& stop_;
  std::string message_ = "it gave no reason";
  std::string mistake_;  // the first thing that was wrong with an output
  std::vector<std::optional<Tensor>> outputs_;
  const baton_call lent_;
};

}  // namespace baton::models
