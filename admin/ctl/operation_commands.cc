// Beginning operations, waiting for them, and tables of them.
#include "admin/ctl/operation_commands.h"

#include <algorithm>
#include <csignal>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "baton/admin/v1/operation.pb.h"

#include "admin/ctl/model_output.h"
#include "admin/ctl/output.h"
#include "admin/ctl/table.h"
#include "admin/ctl/yaml_text.h"
#include "admin/messages/endpoint_words.h"
#include "admin/messages/model_words.h"
#include "server/base/clock.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using google::longrunning::Operation;
using Kind = Command::Kind;

constexpr std::string_view kKindPrefix = "MODEL_OPERATION_KIND_";
constexpr Duration kMostOfOneWait = 30s;
constexpr int kInterrupted = 130;  // as shells have it

std::string ShortName(const Operation& operation) {
  const std::string& name = operation.name();
  return name.starts_with(admin::kOperationPrefix) ? name.substr(admin::kOperationPrefix.size())
                                                   : name;
}

std::string GoesOn(const Operation& operation) {
  return "operation " + ShortName(operation) + " goes on; to wait for it: batonctl wait " +
         ShortName(operation);
}

// What a signal handler may look at: the line that it writes.
char interrupt_text[512];
std::size_t interrupt_size = 0;

// While it lives, an interrupt ends the program with a line that says what goes on.
class InterruptNote {
 public:
  explicit InterruptNote(const Operation& operation) {
    const std::string line = "\nbatonctl: interrupted; " + GoesOn(operation) + "\n";
    interrupt_size = line.copy(interrupt_text, sizeof(interrupt_text));
    struct sigaction action {};
    action.sa_handler = &OnInterrupt;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptNote() { ::sigaction(SIGINT, &before_, nullptr); }
  InterruptNote(const InterruptNote&) = delete;
  InterruptNote& operator=(const InterruptNote&) = delete;

 private:
  static void OnInterrupt(int /*signal*/) {
    static_cast<void>(!::write(STDERR_FILENO, interrupt_text, interrupt_size));
    ::_exit(kInterrupted);
  }

  struct sigaction before_ {};
};

template <typename Message>
std::string TextOf(const Message& message, const Look& look) {
  switch (look.format) {
    case Look::Format::kJson: return ToJson(message);
    case Look::Format::kYaml: return ToYaml(message);
    case Look::Format::kName: return ToNames(message);
    default: return ToTable(message, look);
  }
}

Result<std::string> OutcomeOf(const Operation& operation, const Look& look) {
  if (operation.has_error()) return tl::unexpected<Error>(ToError(operation.error()));
  v1::Model model;
  if (operation.response().UnpackTo(&model)) return TextOf(model, look);
  v1::ReloadModelsResponse models;
  if (operation.response().UnpackTo(&models)) return TextOf(models, look);
  return TextOf(operation, look);
}

Result<std::string> Await(Operation operation, AdminClient& client, const Look& look) {
  const SystemClock clock;
  const SteadyTime end = clock.Now() + client.timeout();
  const InterruptNote note(operation);
  while (!operation.done()) {
    const Duration left = end - clock.Now();
    if (left <= Duration::zero()) {
      return Fail(ErrorCode::kDeadlineExceeded,
                  "not done within " + FormatDuration(client.timeout()) + "; " + GoesOn(operation));
    }
    // What rounds to nothing would stand for the server's choice.
    const Duration time = std::clamp<Duration>(left, 1ms, kMostOfOneWait);
    Result<Operation> now = client.WaitOperation(ShortName(operation), time);
    if (!now) return tl::unexpected<Error>(now.error());
    operation = *std::move(now);
  }
  return OutcomeOf(operation, look);
}

Result<Operation> Begin(const Command& command, AdminClient& client) {
  switch (command.kind) {
    case Kind::kLoadModel: return client.LoadModel(command.model);
    case Kind::kUnloadModel: return client.UnloadModel(command.model);
    default: return client.ReloadModels();
  }
}

std::string StateOf(const Operation& operation, const v1::ModelOperation& metadata) {
  if (operation.has_error()) return "failed";
  if (operation.done()) return "done";
  return metadata.ahead() > 0 ? "waits" : "running";
}

Row RowOf(const Operation& operation) {
  v1::ModelOperation metadata;
  operation.metadata().UnpackTo(&metadata);
  const std::string model =
      metadata.model().empty() ? "all" : metadata.model().substr(admin::kModelPrefix.size());
  const std::chrono::milliseconds took(metadata.ended_unix_ms() - metadata.started_unix_ms());
  return {ShortName(operation),
          admin::Word(kKindPrefix, v1::ModelOperationKind_Name(metadata.kind())),
          model,
          StateOf(operation, metadata),
          std::to_string(metadata.ahead()),
          operation.done() ? FormatDuration(took) : "-",
          metadata.requested_by(),
          operation.has_error() ? operation.error().message() : "-"};
}

template <typename Operations>
std::string TableOf(const Operations& operations, const Look& look) {
  std::vector<Row> rows = {{"NAME", "KIND", "MODEL", "STATE", "AHEAD", "TOOK", "BY", "REASON"}};
  for (const Operation& one : operations) rows.push_back(RowOf(one));
  return Columns(rows, look);
}

}  // namespace

Result<std::string> ChangeModels(const Command& command, AdminClient& client, const Look& look) {
  const Result<Operation> begun = Begin(command, client);
  if (!begun) return tl::unexpected<Error>(begun.error());
  if (command.returns_at_once) return TextOf(*begun, look);
  return Await(*begun, client, look);
}

Result<std::string> AwaitOperation(const Command& command, AdminClient& client, const Look& look) {
  const Result<Operation> found = client.GetOperation(command.name);
  if (!found) return tl::unexpected<Error>(found.error());
  return Await(*found, client, look);
}

std::string ToTable(const Operation& operation, const Look& look) {
  return TableOf(std::vector<Operation>{operation}, look);
}

std::string ToTable(const v1::ListOperationsResponse& operations, const Look& look) {
  return TableOf(operations.operations(), look);
}

std::string ToNames(const Operation& operation) { return operation.name() + "\n"; }

std::string ToNames(const v1::ListOperationsResponse& operations) {
  std::string names;
  for (const Operation& one : operations.operations()) names += ToNames(one);
  return names;
}

}  // namespace baton::ctl
