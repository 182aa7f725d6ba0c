// A call's way: it comes, its message is read, its answer goes, and so on until it is over.
#include "server/rpc/plain_calls.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::rpc {
namespace {

constexpr int kRequestedCalls = 16;
constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 10U;

std::optional<std::string> TextOf(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return std::nullopt;
  std::string text;
  text.reserve(message.Length());
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

// It lives while something is still to come for it: a tag that is to say that all is over, those of
// what is read and written, and the reply that its method owes.
class PlainCalls::Call {
  using Shape = PlainMethod::Shape;

 public:
  explicit Call(PlainCalls& calls) : calls_(calls) {
    context_.AsyncNotifyWhenDone(over_.ToVoid());
    grpc::ServerCompletionQueue& tags = calls_.parts_.queue.tags();
    calls_.parts_.service.RequestCall(&context_, &stream_, &tags, &tags, came_.ToVoid());
  }

  ~Call() { calls_.streams_.erase(this); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Answers the watched message again, where nothing is being written.
  void Tell();
  void CutOff() { context_.TryCancel(); }
  bool IsFeed() const { return method_ != nullptr && method_->shape == Shape::kFeed; }
  // It has had an answer: who is not let in takes nobody's place.
  bool Watches(const PlainMethod& method) const {
    return method_ == &method && last_answer_.has_value();
  }

 private:
  void OnCame(bool ok);
  void OnRead(bool ok);
  void OnReply(const grpc::Status& status, const std::string& answer);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void OnOver(bool /*ok*/) { Release(); }

  void Read();
  void Ask();
  void OpenFeed();
  void Feed();
  void Write(const std::string& answer);
  void Finish(const grpc::Status& status);
  void Report(grpc::StatusCode code) const;
  void Release() {
    if (--to_come_ == 0) delete this;
  }

  PlainCalls& calls_;
  const OpenTags::One open_{calls_.parts_.open_tags};
  TagThread* const thread_ = calls_.parts_.thread;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  SteadyTime began_{};
  const PlainMethod* method_ = nullptr;
  grpc::ByteBuffer read_message_;
  std::string message_;
  std::optional<std::string> last_answer_;  // of a watch
  std::unique_ptr<PlainFeed> feed_;         // of a feed, once it is open
  std::optional<UnreadAnswers::Place> unread_;
  bool is_finishing_ = false;
  int to_come_ = 1;
  TagOf<Call, &Call::OnCame> came_{*this, thread_};
  TagOf<Call, &Call::OnRead> read_{*this, thread_};
  TagOf<Call, &Call::OnWritten> written_{*this, thread_};
  TagOf<Call, &Call::OnFinished> finished_{*this, thread_};
  TagOf<Call, &Call::OnOver> over_{*this, thread_};
};

void PlainCalls::Call::OnCame(bool ok) {
  if (!ok) {  // the server shuts down; the other tag never comes
    delete this;
    return;
  }
  calls_.RequestOne();
  began_ = calls_.parts_.clock.Now();
  const auto found = calls_.parts_.methods.find(context_.method());
  if (found == calls_.parts_.methods.end()) {
    Finish({grpc::StatusCode::UNIMPLEMENTED, "unknown method " + context_.method()});
    return;
  }
  method_ = &found->second;
  if (method_->shape != Shape::kUnary) calls_.streams_.insert(this);
  if (calls_.is_closed_ && method_->shape != Shape::kUnary) CutOff();
  Read();
}

void PlainCalls::Call::Read() {
  ++to_come_;
  stream_.Read(&read_message_, read_.ToVoid());
}

void PlainCalls::Call::OnRead(bool ok) {
  if (!ok) {  // the client is done, or gone
    const bool may_be = method_->shape == Shape::kStream;
    Finish(may_be ? grpc::Status()
                  : grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "expected a message"));
  } else if (read_message_.Length() > kMaxMessageBytes) {
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "expected a message of at most 64 KiB"});
  } else if (auto text = TextOf(read_message_)) {
    message_ = *std::move(text);
    read_message_.Clear();
    IsFeed() ? OpenFeed() : Ask();
  } else {
    Finish({grpc::StatusCode::INTERNAL, "the message could not be read"});
  }
  Release();
}

void PlainCalls::Call::OpenFeed() {
  OpenedFeed opened = method_->open({message_, context_});
  if (!opened) return Finish(opened.error());
  feed_ = *std::move(opened);
  Feed();
}

void PlainCalls::Call::Feed() {
  auto next = feed_->Next(context_);
  if (!next) {
    feed_.reset();  // what it holds is free for others before its client knows that it has ended
    return Finish(next.error());
  }
  if (*next) Write(**next);
}

void PlainCalls::Call::Ask() {
  ++to_come_;
  method_->answer(
      {message_, context_},
      [this](const grpc::Status& status, const std::string& answer) { OnReply(status, answer); });
}

void PlainCalls::Call::OnReply(const grpc::Status& status, const std::string& answer) {
  if (!status.ok()) {
    Finish(status);
  } else if (method_->shape != Shape::kWatch) {
    Write(answer);
  } else if (!last_answer_ && !calls_.HasRoomFor(*method_)) {
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "at most " + std::to_string(method_->most_open) +
                                                      " calls of " + context_.method() +
                                                      " may be open at once"});
  } else if (answer != last_answer_) {
    last_answer_ = answer;
    Write(answer);
  }
  Release();
}

void PlainCalls::Call::Write(const std::string& answer) {
  ++to_come_;
  const grpc::Slice slice(answer);
  const grpc::ByteBuffer buffer(&slice, 1);
  unread_ = calls_.parts_.unread.Add(context_, answer.size());
  if (method_->shape == Shape::kUnary) {
    is_finishing_ = true;
    Report(grpc::StatusCode::OK);
    stream_.WriteAndFinish(buffer, grpc::WriteOptions(), grpc::Status(), finished_.ToVoid());
  } else {
    stream_.Write(buffer, written_.ToVoid());
  }
}

void PlainCalls::Call::OnWritten(bool ok) {
  calls_.parts_.unread.Remove(*std::exchange(unread_, std::nullopt));
  if (ok && method_->shape == Shape::kStream) Read();
  if (ok && (method_->shape == Shape::kWatch || IsFeed())) Tell();
  Release();
}

void PlainCalls::Call::Tell() {
  if (unread_ || is_finishing_) return;
  if (last_answer_) Ask();
  if (feed_) Feed();
}

void PlainCalls::Call::Report(grpc::StatusCode code) const {
  if (!calls_.told_ || method_ == nullptr || method_->shape != Shape::kUnary) return;
  const std::string& path = context_.method();
  calls_.told_(path.substr(path.rfind('/') + 1), code, calls_.parts_.clock.Now() - began_);
}

void PlainCalls::Call::Finish(const grpc::Status& status) {
  ++to_come_;
  is_finishing_ = true;
  Report(status.error_code());
  stream_.Finish(status, finished_.ToVoid());
}

void PlainCalls::Call::OnFinished(bool /*ok*/) {
  if (unread_) calls_.parts_.unread.Remove(*std::exchange(unread_, std::nullopt));
  Release();
}

void PlainCalls::Start() {
  for (int i = 0; i < kRequestedCalls; ++i) RequestOne();
}

void PlainCalls::RequestOne() {
  if (is_closed_) return;
  // It frees itself.
  static_cast<void>(new Call(*this));
}

bool PlainCalls::HasRoomFor(const PlainMethod& method) const {
  if (method.most_open == 0) return true;
  const auto open = std::count_if(streams_.begin(), streams_.end(),
                                  [&](const Call* call) { return call->Watches(method); });
  return static_cast<std::size_t>(open) < method.most_open;
}

void PlainCalls::TellWatchers() {
  for (Call* const stream : streams_) stream->Tell();
}

void PlainCalls::TellFeeds() {
  for (Call* const stream : streams_) {
    if (stream->IsFeed()) stream->Tell();
  }
}

void PlainCalls::Close() {
  is_closed_ = true;
  for (Call* const stream : streams_) {
    stream->IsFeed() ? stream->Tell() : stream->CutOff();
  }
}

}  // namespace baton::rpc
