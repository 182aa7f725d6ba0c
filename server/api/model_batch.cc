// Grouping by what fits together, and taking groups apart again.
#include "server/api/model_batch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "server/models/batch.h"

namespace baton::api {
namespace {

using models::Tensor;

// What `produce` returns, or the error for what it throws.
template <typename Produce>
serve::Outcome Guarded(const Produce& produce) {
  try {
    return produce();
  } catch (const std::exception& error) {
    return {{}, Error{ErrorCode::kInternal, std::string("the model failed: ") + error.what(), {}}};
  } catch (...) {
    return {{}, Error{ErrorCode::kInternal, "the model failed", {}}};
  }
}

}  // namespace

void ModelBatch::Run(std::span<serve::BatchMember> members) {
  for (serve::BatchMember& member : members) Admit(member);
  for (Group& group : groups_) {
    if (group.size() > 1 && RunTogether(group)) continue;
    for (Entry& entry : group) RunAlone(entry);
  }
}

void ModelBatch::Admit(serve::BatchMember& member) {
  member.outcome = Guarded([&]() -> serve::Outcome {
    auto job = handler_.Prepare(*member.call, *member.context);
    if (!job) return {{}, std::move(job.error())};
    const auto& inputs = job->request.inputs;
    if (Status status = models::CheckInputs(handler_.info_, inputs); !status) {
      return {{}, std::move(status.error())};
    }
    const auto rows = models::RowsOf(inputs);
    AddToGroup({&member, std::move(*job), rows});
    return {};
  });
}

void ModelBatch::AddToGroup(Entry entry) {
  const auto fits = [&entry](const Group& group) {
    const Entry& first = group.front();
    return first.rows && entry.rows && first.job.request.outputs == entry.job.request.outputs &&
           models::AreAlikeButForRows(first.job.request.inputs, entry.job.request.inputs);
  };
  const auto found = std::find_if(groups_.begin(), groups_.end(), fits);
  if (found != groups_.end()) return found->push_back(std::move(entry));
  Group group;
  group.push_back(std::move(entry));
  groups_.push_back(std::move(group));
}

bool ModelBatch::RunTogether(Group& group) {
  try {
    std::vector<std::span<const Tensor>> requests;
    requests.reserve(group.size());
    for (const Entry& entry : group) requests.emplace_back(entry.job.request.inputs);
    const ModelHandler::Job& first = group.front().job;
    const SystemClock clock;
    const SteadyTime began = clock.Now();
    auto outputs =
        handler_.model().Predict(models::Concatenate(requests), first.request.outputs, stop_);
    if (outputs) {
      serve::RunTimes times;
      times.predict = clock.Now() - began;
      return Spread(group, std::move(*outputs), times);
    }
    if (!stop_.stop_requested()) return false;
    for (Entry& entry : group) entry.member->outcome.error = outputs.error();
    return true;
  } catch (...) {
    return false;  // whose fault it is shows when each runs alone
  }
}

bool ModelBatch::Spread(Group& group, std::vector<Tensor> outputs, serve::RunTimes times) {
  std::vector<std::size_t> rows;
  rows.reserve(group.size());
  for (const Entry& entry : group) rows.push_back(*entry.rows);
  const auto parts = models::SplitRows(std::move(outputs), rows);
  if (!parts) return false;
  const SystemClock clock;
  const SteadyTime began = clock.Now();
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].member->outcome = Guarded([&] { return handler_.Finish(group[i].job, (*parts)[i]); });
    times.decode += group[i].job.decoding;
  }
  times.encode = clock.Now() - began;
  handler_.CountRun(group.size(), times);
  return true;
}

void ModelBatch::RunAlone(Entry& entry) {
  serve::RunContext& context = *entry.member->context;
  entry.member->outcome = Guarded([&]() -> serve::Outcome {
    Status status = ModelHandler::CheckTime(context);
    if (!status) return {{}, std::move(status.error())};
    return handler_.Run(entry.job, context.stop_token());
  });
}

}  // namespace baton::api
