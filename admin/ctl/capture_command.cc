// A line goes out when its request is told of: who is interrupted has all that came before.
#include "admin/ctl/capture_command.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "admin/ctl/capture_line.h"
#include "admin/ctl/printing.h"
#include "server/base/duration_text.h"
#include "server/base/fd.h"
#include "server/base/size_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr Duration kLongest = std::chrono::minutes(10);

tl::unexpected<Error> WrongOption(const std::string& option, const Error& error) {
  return Fail(ErrorCode::kInvalidArgument, option + ": " + error.message);
}

// Ranges are the server's care, but for those that the message cannot say.
Result<v1::CaptureRequestsRequest> ToRequest(const Command& command) {
  const CaptureOptions& options = command.capture;
  const Result<Duration> duration = ParseDuration(options.duration);
  if (!duration) return WrongOption("--for", duration.error());
  if (*duration < std::chrono::milliseconds(100) || *duration > kLongest) {
    return Fail(ErrorCode::kInvalidArgument,
                "--for: expected 100ms to 10m, got '" + options.duration + "'");
  }
  const auto bytes = ParseSize(options.bytes);
  if (!bytes) return WrongOption("--bytes", bytes.error());
  const auto body_bytes = ParseSize(options.body_bytes);
  if (!body_bytes) return WrongOption("--body", body_bytes.error());
  v1::CaptureRequestsRequest request;
  if (!command.endpoint.empty()) request.set_endpoint("endpoints/" + command.endpoint);
  request.set_duration_ms(ToMillis(*duration));
  request.set_max_requests(options.requests);
  request.set_max_bytes(static_cast<std::int64_t>(*bytes));
  request.set_max_body_bytes(static_cast<std::int64_t>(*body_bytes));
  return request;
}

// Where the lines go.
class Destination {
 public:
  // Standard output without a path.
  static Result<Destination> Open(const std::string& path) {
    if (path.empty()) return Destination(UniqueFd());
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.valid()) return Destination(std::move(file));
    return Fail(ErrorCode::kInvalidArgument,
                "--to: cannot make '" + path + "': " + std::strerror(errno));
  }

  // False, having said why, when it cannot.
  bool Write(const std::string& text) {
    if (!file_.valid()) return Print(text) == ExitCode::kOk;
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        Complain(ExitCode::kRefused, std::string("--to: cannot write: ") + std::strerror(errno));
        return false;
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

 private:
  explicit Destination(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
};

void Say(const std::string& text) { std::cerr << "batonctl: " << text << '\n'; }

void SayBegun(const Command& command) {
  const std::string what =
      command.endpoint.empty() ? "all requests" : "requests of " + command.endpoint;
  Say("capturing " + what + " for " + command.capture.duration + " at most");
}

}  // namespace

ExitCode RunCapture(const Command& command, AdminClient& client) {
  const auto request = ToRequest(command);
  if (!request) return Complain(ExitCode::kUsage, request.error().message);
  Result<Destination> destination = Destination::Open(command.capture.file);
  if (!destination) return Complain(ExitCode::kUsage, destination.error().message);
  const auto stream = client.CaptureRequests(*request);
  v1::CaptureRequestsResponse news;
  bool has_begun = false;
  while (stream->Read(news)) {
    if (!std::exchange(has_begun, true)) SayBegun(command);
    std::string lines;
    for (const v1::CapturedRequest& one : news.requests()) lines += CaptureLine(one);
    if (!lines.empty() && !destination->Write(lines)) return ExitCode::kRefused;
  }
  const Status ended = stream->Finish();
  if (!ended) return Complain(ended.error());
  Say(CaptureSummary(news.progress()));
  return ExitCode::kOk;
}

}  // namespace baton::ctl
