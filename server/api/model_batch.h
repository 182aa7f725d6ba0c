// Predictions that came at about the same time, run as few runs of their model.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "server/api/model_handler.h"
#include "server/serve/handler.h"

namespace baton::api {

// One batch of a ModelHandler.
//
// Threads: one. Cost: beyond the decoding and encoding of each member one copy of inputs and
// outputs, and for each member a comparison with one of every kind of request in the batch.
class ModelBatch {
 public:
  ModelBatch(const ModelHandler& handler, const std::stop_token& stop)
      : handler_(handler), stop_(stop) {}

  // Fills the outcome of every member. Whatever goes wrong with one, exceptions included, stays
  // with it.
  void Run(std::span<serve::BatchMember> members);

 private:
  struct Entry {
    serve::BatchMember* member = nullptr;
    ModelHandler::Job job;
    std::optional<std::size_t> rows;  // none where its inputs differ: it would only look right
                                      // together with others
  };
  using Group = std::vector<Entry>;  // never empty; of one where there are no rows

  void Admit(serve::BatchMember& member);
  void AddToGroup(Entry entry);
  // False when nothing came of it, and each has to run alone.
  bool RunTogether(Group& group);
  bool Spread(Group& group, std::vector<models::Tensor> outputs, serve::RunTimes times);
  void RunAlone(Entry& entry);

  const ModelHandler& handler_;
  const std::stop_token& stop_;
  std::vector<Group> groups_;
};

}  // namespace baton::api
