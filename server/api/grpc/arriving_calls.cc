// The way of a call through gRPC's asynchronous interface.
#include "server/api/grpc/arriving_calls.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/grpc/infer_status.h"
#include "server/rpc/queue_tag.h"

namespace baton::api {
namespace {

constexpr int kRequestedCalls = 64;

std::optional<Duration> TimeLeft(const grpc::ServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return std::nullopt;
  const auto left = deadline - std::chrono::system_clock::now();
  return std::max(std::chrono::duration_cast<Duration>(left), Duration::zero());
}

}  // namespace

// gRPC brings back three tags for each: that it came, that its answer has gone, and that all is
// over, be it because the client has left. The last two come in either order, and free it.
class ArrivingCalls::Call {
 public:
  explicit Call(ArrivingCalls& calls) : calls_(calls) {
    context_.AsyncNotifyWhenDone(over_.ToVoid());
    grpc::ServerCompletionQueue& tags = calls_.parts_.queue.tags();
    calls_.parts_.service.RequestModelInfer(&context_, &request_, &responder_, &tags, &tags,
                                            came_.ToVoid());
  }

 private:
  friend class Handle;

  void OnCame(bool ok);
  void OnAnswered(bool ok);
  void OnOver(bool ok);
  void Release() {
    if (--open_tags_ == 0) delete this;
  }

  ArrivingCalls& calls_;
  const rpc::OpenTags::One open_{calls_.parts_.open_tags};
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder_{&context_};
  std::optional<rpc::UnreadAnswers::Place> unread_;
  CallId id_{};
  int open_tags_ = 2;
  bool is_answered_ = false;
  rpc::TagOf<Call, &Call::OnCame> came_{*this};
  rpc::TagOf<Call, &Call::OnAnswered> answered_{*this};
  rpc::TagOf<Call, &Call::OnOver> over_{*this};
};

// The sink's hold on a call: gone with its answer.
class ArrivingCalls::Handle final : public InferCall {
 public:
  explicit Handle(Call& call) : call_(&call), id_(call.id_), budget_(TimeLeft(call.context_)) {}
  ~Handle() override {
    if (call_ != nullptr) DropUnanswered();
  }

  CallId id() const override { return id_; }
  std::optional<Duration> budget() const override { return budget_; }
  std::optional<std::string_view> Metadata(std::string_view name, std::size_t nth) const override;
  void ForEachMetadata(const MetadataSeen& seen) const override;
  bool has_room() const override { return call_->calls_.parts_.unread.has_room(); }
  bool TakeBody(std::string& body) override;
  void Finish(const AnswerView& view, std::string& body) override;

 private:
  void DropUnanswered();

  Call* call_;
  const CallId id_;
  const std::optional<Duration> budget_;
};

std::optional<std::string_view> ArrivingCalls::Handle::Metadata(std::string_view name,
                                                                std::size_t nth) const {
  const auto& metadata = call_->context_.client_metadata();
  const grpc::string_ref key(name.data(), name.size());
  auto found = metadata.lower_bound(key);  // those of one name are in the order they came in
  while (nth > 0 && found != metadata.end() && found->first == key) {
    --nth;
    ++found;
  }
  if (found == metadata.end() || found->first != key) return std::nullopt;
  return std::string_view(found->second.data(), found->second.size());
}

void ArrivingCalls::Handle::ForEachMetadata(const MetadataSeen& seen) const {
  for (const auto& [name, value] : call_->context_.client_metadata()) {
    seen(std::string_view(name.data(), name.size()), std::string_view(value.data(), value.size()));
  }
}

bool ArrivingCalls::Handle::TakeBody(std::string& body) {
  std::vector<grpc::Slice> slices;
  const bool is_whole = call_->request_.Dump(&slices).ok();
  body.clear();
  body.reserve(call_->request_.Length());
  for (const grpc::Slice& slice : slices) {
    body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  call_->request_.Clear();
  return is_whole;
}

namespace {

// A large one is handed over as it is.
grpc::ByteBuffer BufferOf(std::string& body) {
  constexpr std::size_t kWorthMoving = 4096;
  if (body.size() < kWorthMoving) {
    const grpc::Slice copy(body.data(), body.size());
    return grpc::ByteBuffer(&copy, 1);
  }
  auto held = std::make_unique<std::string>(std::move(body));
  body.clear();
  char* const data = held->data();
  const std::size_t size = held->size();
  const grpc::Slice moved(
      data, size, [](void* string) { delete static_cast<std::string*>(string); }, held.release());
  return grpc::ByteBuffer(&moved, 1);
}

}  // namespace

void ArrivingCalls::Handle::Finish(const AnswerView& view, std::string& body) {
  Call& call = *std::exchange(call_, nullptr);
  call.is_answered_ = true;
  AddTrailingMetadata(call.context_, view);
  const grpc::Status status = StatusOf(view);
  call.unread_ = call.calls_.parts_.unread.Add(call.context_, status.ok() ? body.size() : 0);
  if (status.ok()) {
    call.responder_.Finish(BufferOf(body), status, call.answered_.ToVoid());
  } else {
    call.responder_.FinishWithError(status, call.answered_.ToVoid());
  }
}

void ArrivingCalls::Handle::DropUnanswered() {
  AnswerView view;
  view.answer = serve::Answer::kRefused;
  view.cause = serve::Cause::kDraining;
  std::string none;
  Finish(view, none);
}

void ArrivingCalls::Call::OnCame(bool ok) {
  if (!ok) {  // the server shuts down; the other tags never come
    delete this;
    return;
  }
  calls_.RequestOne();
  id_ = CallId{calls_.next_call_++};
  calls_.parts_.sink.OnInfer(std::make_unique<Handle>(*this));
}

void ArrivingCalls::Call::OnAnswered(bool /*ok*/) {
  calls_.parts_.unread.Remove(*unread_);
  Release();
}

void ArrivingCalls::Call::OnOver(bool /*ok*/) {
  if (!is_answered_ && context_.IsCancelled()) calls_.parts_.sink.OnCancelled(id_);
  Release();
}

void ArrivingCalls::Start() {
  for (int i = 0; i < kRequestedCalls; ++i) RequestOne();
}

void ArrivingCalls::RequestOne() {
  if (is_closed_) return;
  // It frees itself.
  static_cast<void>(new Call(*this));
}

}  // namespace baton::api
