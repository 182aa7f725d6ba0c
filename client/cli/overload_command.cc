// From flags to the demonstration, and from its result to the terminal and the files.
#include "client/cli/overload_command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "client/cli/exit_codes.h"
#include "client/lib/overload_chart.h"
#include "client/lib/overload_text.h"

namespace baton::client {
namespace {

int ExitCodeFor(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable: return kExitUnreachable;
    case ErrorCode::kDeadlineExceeded: return kExitTimedOut;
    case ErrorCode::kUnsupported: return kExitNotFound;
    case ErrorCode::kFailedPrecondition: return kExitNotServed;
    default: return kExitUsage;
  }
}

int Complain(const Error& error) {
  fmt::print(stderr, "baton-client: {}\n", DescribeError(error));
  return ExitCodeFor(error);
}

// A file of the result, opened before anything runs: a load of minutes must not end in a folder
// that is not there.
class ResultFile {
 public:
  ResultFile(std::string flag, std::string name) : flag_(std::move(flag)), name_(std::move(name)) {}

  Status Open() {
    if (name_.empty()) return {};
    file_.open(name_, std::ios::binary | std::ios::app);
    if (file_.is_open()) return {};
    return Fail(ErrorCode::kInvalidArgument,
                "cannot write '" + name_ + "': " + std::strerror(errno), flag_);
  }

  // Replaces what is in it.
  Status Write(const std::string& text) {
    if (name_.empty()) return {};
    file_.close();
    file_.open(name_, std::ios::binary | std::ios::trunc);
    file_ << text << std::flush;
    if (file_.good()) return {};
    return Fail(ErrorCode::kInvalidArgument, "cannot write '" + name_ + "'", flag_);
  }

 private:
  std::string flag_;
  std::string name_;
  std::ofstream file_;
};

bool HasStep(const OverloadResult& result) {
  return std::any_of(result.curves.begin(), result.curves.end(),
                     [](const OverloadCurve& curve) { return !curve.steps.empty(); });
}

}  // namespace

int RunOverload(const OverloadFlags& flags) {
  if (const Status valid = flags.Validate(); !valid) return Complain(valid.error());
  StopOnSignal stop;
  OverloadRun run(flags, stop);
  if (const Status checked = run.CheckServers(); !checked) return Complain(checked.error());
  ResultFile svg("svg", flags.svg_file);
  ResultFile json("json", flags.json_file);
  for (ResultFile* file : {&svg, &json}) {
    if (const Status open = file->Open(); !open) return Complain(open.error());
  }
  const Result<OverloadResult> result = run.Run();
  if (!result) return Complain(result.error());
  fmt::print("{}", flags.is_json ? ToJson(*result) + "\n" : ToTable(*result));
  if (const Status wrote = json.Write(ToJson(*result) + "\n"); !wrote) {
    return Complain(wrote.error());
  }
  if (HasStep(*result)) {
    if (const Status wrote = svg.Write(ToSvg(*result)); !wrote) return Complain(wrote.error());
  }
  return result->was_interrupted ? kExitInterrupted : kExitOk;
}

}  // namespace baton::client
