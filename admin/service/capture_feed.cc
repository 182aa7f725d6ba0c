// A capture lives as long as the call that reads it.
#include "admin/service/capture_feed.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/grpc_door.h"
#include "admin/service/status_mapping.h"
#include "admin/service/translate_capture.h"
#include "server/base/log.h"

namespace baton::admin {
namespace {

// With one request more, which may be as large, it stays below the 4 MiB that clients take.
constexpr std::size_t kMessageBytes = std::size_t{1} << 20U;

class CaptureFeed final : public AdminFeed {
 public:
  CaptureFeed(std::unique_ptr<control::CaptureReader> reader, std::string who,
              std::size_t message_bytes)
      : reader_(std::move(reader)), who_(std::move(who)), message_bytes_(message_bytes) {
    const control::CaptureAsk& ask = reader_->ask();
    LogAlways("capture_begun", {{"who", who_},
                                {"endpoint", ask.endpoint.empty() ? "all" : ask.endpoint},
                                {"duration_ms", ToMillis(ask.duration)},
                                {"max_requests", std::uint64_t{ask.most_requests}},
                                {"max_bytes", std::uint64_t{ask.most_bytes}},
                                {"max_body_bytes", std::uint64_t{ask.most_body_bytes}}});
  }
  ~CaptureFeed() override {
    if (reader_) End(reader_->Take(0).progress);
  }
  CaptureFeed(const CaptureFeed&) = delete;
  CaptureFeed& operator=(const CaptureFeed&) = delete;

  std::optional<std::string> Next() override {
    if (!reader_) return std::nullopt;
    const control::CaptureReader::News news = reader_->Take(has_begun_ ? message_bytes_ : 0);
    const bool is_last = has_begun_ && news.progress.ended != control::CaptureEnd::kNone;
    if (has_begun_ && news.requests.empty() && !is_last) return std::nullopt;
    v1::CaptureRequestsResponse response;
    Fill(news, response);
    if (is_last) {
      End(news.progress);
    } else {
      response.mutable_progress()->clear_ended();
    }
    has_begun_ = true;
    return response.SerializeAsString();
  }
  bool HasEnded() const override { return reader_ == nullptr; }

 private:
  // The next capture may begin, however slowly the last message of this one leaves.
  void End(const control::CaptureProgress& progress) {
    const bool is_at_end = progress.ended != control::CaptureEnd::kNone;
    LogAlways("capture_ended", {{"who", who_},
                                {"reason", is_at_end ? ToText(progress.ended) : "caller_left"},
                                {"kept", progress.kept},
                                {"kept_bytes", progress.kept_bytes},
                                {"left_out", progress.left_out},
                                {"unanswered", progress.unanswered}});
    reader_.reset();
  }

  std::unique_ptr<control::CaptureReader> reader_;  // null: the end has been told
  const std::string who_;
  const std::size_t message_bytes_;
  bool has_begun_ = false;
};

class FeedOverGrpc final : public rpc::PlainFeed {
 public:
  explicit FeedOverGrpc(std::unique_ptr<AdminFeed> feed) : feed_(std::move(feed)) {}

  tl::expected<std::optional<std::string>, grpc::Status> Next(
      const grpc::ServerContext& /*call*/) override {
    if (feed_->HasEnded()) return tl::unexpected<grpc::Status>(grpc::Status());
    return feed_->Next();
  }

 private:
  const std::unique_ptr<AdminFeed> feed_;
};

}  // namespace

OpenedAdminFeed OpenCapture(control::ControlPort& control, const control::Caller& caller,
                            std::string_view message, std::function<void()> tell,
                            std::size_t message_bytes) {
  const auto request = Parse<v1::CaptureRequestsRequest>(message);
  if (!request) return tl::unexpected<Error>(request.error());
  const auto ask = ToAsk(*request);
  if (!ask) return tl::unexpected<Error>(ask.error());
  auto reader = control.BeginCapture(*ask, caller, std::move(tell));
  if (!reader) return tl::unexpected<Error>(reader.error());
  return std::make_unique<CaptureFeed>(*std::move(reader), caller.ToText(), message_bytes);
}

rpc::PlainMethods MakeCaptureMethods(control::ControlPort& control, const AdminDoor& door,
                                     std::function<void()> tell_feeds) {
  rpc::PlainMethod method;
  method.shape = rpc::PlainMethod::Shape::kFeed;
  method.open = [&control, &door,
                 tell_feeds = std::move(tell_feeds)](const rpc::PlainAsk& ask) -> rpc::OpenedFeed {
    auto opened = OpenCapture(control, door.CallerOf(VisitorOf(ask.call)), ask.message, tell_feeds,
                              kMessageBytes);
    if (!opened) return tl::unexpected<grpc::Status>(ToGrpcStatus(opened.error()));
    return std::make_unique<FeedOverGrpc>(*std::move(opened));
  };
  rpc::PlainMethods methods;
  methods["/baton.admin.v1.AdminService/CaptureRequests"] = std::move(method);
  return methods;
}

}  // namespace baton::admin
