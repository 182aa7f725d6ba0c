// From flags to a request.
#include "client/cli/request_flags.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "client/lib/samples.h"

namespace baton::client {
namespace {

Result<std::string> SampleOf(const std::string& model) {
  if (const auto sample = FindSample(model)) return std::string(*sample);
  std::string names;
  for (const Sample& sample : AllSamples()) {
    names += (names.empty() ? "" : ", ") + std::string(sample.model);
  }
  return Fail(ErrorCode::kInvalidArgument,
              model.empty() ? "--sample needs --model, one of " + names
                            : "--sample knows no row for model '" + model + "', only for " + names);
}

Result<std::string> ReadAll(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.is_open() || in.bad()) {
    return Fail(ErrorCode::kNotFound, "cannot read '" + file + "': " + std::strerror(errno));
  }
  return text;
}

Result<std::string> BodyOf(const RequestFlags& flags) {
  if (flags.use_sample) return SampleOf(flags.model);
  if (flags.file) return ReadAll(*flags.file);
  return flags.data.value_or("");
}

}  // namespace

Result<Request> BuildRequest(const RequestFlags& flags) {
  if (flags.model.empty() == flags.path.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "expected either --model NAME or --path PATH");
  }
  const bool has_body = flags.use_sample || flags.file || flags.data;
  if (!flags.model.empty() && !has_body) {
    return Fail(ErrorCode::kInvalidArgument,
                "--model needs a body: --sample, --file FILE or --data JSON");
  }
  Result<std::string> body = BodyOf(flags);
  if (!body) return tl::unexpected(body.error());
  Request request;
  request.body = std::move(*body);
  request.path = flags.model.empty() ? flags.path : InferPath(flags.model, flags.version);
  request.method = !flags.method.empty() ? flags.method : has_body ? "POST" : "GET";
  for (const std::string& line : flags.headers) {
    auto header = ParseHeaderLine(line);
    if (!header) return tl::unexpected(header.error());
    request.headers.push_back(std::move(*header));
  }
  if (flags.budget) {
    request.headers.emplace_back("Baton-Budget-Ms", BudgetHeaderValue(*flags.budget));
  }
  if (const Status valid = request.Validate(); !valid) return tl::unexpected(valid.error());
  return request;
}

}  // namespace baton::client
