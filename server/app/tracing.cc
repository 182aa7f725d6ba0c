// What a tracer needs of the system: a name for its host, secrets, and a log.
#include "server/app/tracing.h"

#include <array>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "server/access/guarded_file.h"
#include "server/base/log.h"
#include "server/base/trace_context.h"

namespace baton::app {
namespace {

constexpr Duration kLastWords = 2s;

trace::Resource ResourceOf(const TracingOptions& options) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return {options.service, ToText(NewTraceId()), host.data()};
}

Result<trace::HttpPostOptions> PostOptions(const TracingOptions& options) {
  trace::HttpPostOptions post{options.endpoint, options.ca_file, {}};
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return Fail(ErrorCode::kNotFound, "tracing.ca_file: " + options.ca_file + " cannot be read");
  }
  if (options.headers_file.empty()) return post;
  const auto fail = [](const Error& error) {
    return tl::unexpected(Error{error.code, "tracing.headers_file: " + error.message, {}});
  };
  const Result<access::GuardedText> read = access::ReadGuardedFile(options.headers_file);
  if (!read) return fail(read.error());
  auto headers = ParseCollectorHeaders(read->text);
  if (!headers) {
    return fail({headers.error().code, options.headers_file + ": " + headers.error().message, {}});
  }
  post.headers = *std::move(headers);
  return post;
}

void TellOfCollector(const std::string& endpoint, std::string_view why) {
  if (why.empty()) {
    Log(LogLevel::kInfo, "traces_are_taken_again", {{"endpoint", endpoint}});
  } else {
    Log(LogLevel::kWarning, "traces_are_not_taken", {{"endpoint", endpoint}, {"why", why}});
  }
}

}  // namespace

Tracing::Tracing(const TracingOptions& options, const Clock& clock, metrics::Registry& registry) {
  if (!options.endpoint.empty()) {
    Result<trace::HttpPostOptions> post = PostOptions(options);
    if (!post) status_ = tl::unexpected(post.error());
    if (post) {
      trace::Tracer::Parts parts{
          clock, trace::MakeHttpPost(*post), ResourceOf(options),
          [endpoint = options.endpoint](std::string_view why) { TellOfCollector(endpoint, why); }};
      tracer_ = std::make_unique<trace::Tracer>(std::move(parts), options.sampling);
    }
  }
  trace::AddTraceMetrics(registry, tracer_.get());
}

void Tracing::Start() {
  if (tracer_) tracer_->Start();
}

void Tracing::Stop() {
  if (tracer_) tracer_->Stop(kLastWords);
}

}  // namespace baton::app
