// A handler around a handler.
#include "server/api/gzip_handler.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/api/inference_header.h"
#include "server/base/clock.h"
#include "server/http/gzip.h"

namespace baton::api {
namespace {

// On a slow machine; about twice of what it is elsewhere.
Duration TimeToCompress(std::size_t bytes) {
  constexpr Duration kKiB = 32us;
  return kKiB * static_cast<Duration::rep>(bytes / 1024 + 1);
}

// Whose answer has to leave first, of those that are still wanted: none leaves before all are done.
// Null when nobody waits any more.
const serve::RunContext* FirstToLeave(std::span<const serve::BatchMember> members) {
  const serve::RunContext* first = nullptr;
  Duration smallest = Duration::max();
  for (const serve::BatchMember& member : members) {
    if (member.context->expired()) continue;
    const Duration left = member.context->time_left();
    if (first == nullptr || left < smallest) {
      first = member.context;
      smallest = left;
    }
  }
  return first;
}

serve::Outcome Unexpanded(Error&& error) {
  serve::Outcome outcome;
  outcome.error = std::move(error);
  outcome.has_run = false;
  return outcome;
}

class GzipHandler final : public serve::Handler {
 public:
  GzipHandler(std::unique_ptr<serve::Handler> inner, const GzipOptions& options,
              std::shared_ptr<http::GzipCounts> counts)
      : inner_(std::move(inner)), options_(options), counts_(std::move(counts)) {}

  serve::Outcome Handle(const serve::Call& call, serve::RunContext& context) const override {
    serve::Outcome outcome = HandlePlain(call, context);
    MarkIfLarge(outcome);
    if (IsToCompress(outcome, call)) CompressWithin(context.time_left(), outcome, context);
    return outcome;
  }

  bool CanBatch() const override { return inner_->CanBatch(); }

  void HandleBatch(std::span<serve::BatchMember> members,
                   const std::stop_token& stop) const override {
    const auto is_gzip = [](const serve::BatchMember& member) { return member.call->body_is_gzip; };
    if (std::none_of(members.begin(), members.end(), is_gzip)) {
      inner_->HandleBatch(members, stop);
    } else {
      std::size_t done = 0;
      while (done < members.size()) done += HandlePart(members.subspan(done), stop);
    }
    CompressBatch(members);
  }

  std::optional<serve::Call> WarmUpCall(std::size_t round) const override {
    return inner_->WarmUpCall(round);
  }

 private:
  serve::Outcome HandlePlain(const serve::Call& call, serve::RunContext& context) const {
    if (!call.body_is_gzip) return inner_->Handle(call, context);
    Result<serve::Call> plain = Expanded(call, context);
    if (!plain) return Unexpanded(std::move(plain.error()));
    return inner_->Handle(*plain, context);
  }

  // Runs the first of `members`, as many as together come to what one body may expand to; returns
  // how many.
  std::size_t HandlePart(std::span<serve::BatchMember> members, const std::stop_token& stop) const {
    std::deque<serve::Call> calls;
    std::vector<serve::BatchMember> part;
    std::vector<std::size_t> places;
    std::size_t bytes = 0;
    std::size_t i = 0;
    for (; i < members.size() && bytes < options_.expanded_body_bytes; ++i) {
      serve::BatchMember& member = members[i];
      const serve::Call* call = member.call;
      if (call->body_is_gzip) {
        Result<serve::Call> plain = Expanded(*call, *member.context);
        if (!plain) {
          member.outcome = Unexpanded(std::move(plain.error()));
          continue;
        }
        bytes += plain->body.size();
        call = &calls.emplace_back(std::move(*plain));
      }
      part.push_back({call, member.context, {}});
      places.push_back(i);
    }
    if (!part.empty()) inner_->HandleBatch(part, stop);
    for (std::size_t k = 0; k < part.size(); ++k) {
      members[places[k]].outcome = std::move(part[k].outcome);
    }
    return i;
  }

  Result<serve::Call> Expanded(const serve::Call& call, const serve::RunContext& context) const {
    Result<std::string> body = http::Expand(call.body, options_.expanded_body_bytes,
                                            [&context] { return !context.expired(); });
    if (body) {
      counts_->received_gzip_bytes += call.body.size();
      counts_->received_plain_bytes += body->size();
      if (call.json_bytes) {
        auto fault = FaultOfInferenceHeader(*call.json_bytes, body->size());
        if (fault) return tl::unexpected<Error>(std::move(*fault));
      }
      serve::Call expanded;
      expanded.body = std::move(*body);
      expanded.json_bytes = call.json_bytes;
      return expanded;
    }
    Error error = std::move(body.error());
    if (error.code == ErrorCode::kTooLarge) counts_->too_large += 1;
    if (error.code == ErrorCode::kInvalidArgument) counts_->corrupt += 1;
    if (error.code == ErrorCode::kDeadlineExceeded) {
      error.message = "the budget ran out while the body was expanded";
    }
    return tl::unexpected<Error>(std::move(error));
  }

  void MarkIfLarge(serve::Outcome& outcome) const {
    const std::size_t bytes = outcome.body.size();
    outcome.may_be_gzip = !outcome.error && bytes >= options_.answer_bytes && bytes > 0;
  }

  static bool IsToCompress(const serve::Outcome& outcome, const serve::Call& call) {
    return outcome.may_be_gzip && call.takes_gzip;
  }

  void CompressBatch(std::span<serve::BatchMember> members) const {
    for (serve::BatchMember& member : members) MarkIfLarge(member.outcome);
    const serve::RunContext* first = nullptr;
    for (serve::BatchMember& member : members) {
      if (!IsToCompress(member.outcome, *member.call)) continue;
      if (first == nullptr || first->expired()) first = FirstToLeave(members);
      if (first == nullptr) return;
      CompressWithin(first->time_left(), member.outcome, *member.context);
    }
  }

  // A prediction that would be late for it, or make another late, leaves as it is.
  void CompressWithin(Duration time_left, serve::Outcome& outcome,
                      const serve::RunContext& context) const {
    const std::size_t bytes = outcome.body.size();
    if (context.expired() || time_left < TimeToCompress(bytes)) return;
    auto gzip = http::Compress(outcome.body, [&context] { return !context.expired(); });
    if (!gzip) return;
    counts_->sent_plain_bytes += bytes;
    counts_->sent_gzip_bytes += gzip->size();
    outcome.gzip = std::move(*gzip);
  }

  const std::unique_ptr<serve::Handler> inner_;
  const GzipOptions options_;
  const std::shared_ptr<http::GzipCounts> counts_;
};

}  // namespace

std::unique_ptr<serve::Handler> MakeGzipHandler(std::unique_ptr<serve::Handler> inner,
                                                const GzipOptions& options,
                                                std::shared_ptr<http::GzipCounts> counts) {
  return std::make_unique<GzipHandler>(std::move(inner), options, std::move(counts));
}

}  // namespace baton::api
