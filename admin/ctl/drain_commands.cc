// Out of service, and how long that takes.
#include "admin/ctl/drain_commands.h"

#include <optional>
#include <string>

#include "admin/ctl/frame.h"
#include "admin/ctl/output.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/status_watch.h"
#include "admin/ctl/table.h"
#include "admin/ctl/yaml_text.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

ExitCode PrintState(const v1::DrainState& state, const Look& look) {
  if (look.format == Look::Format::kJson) return Print(ToJson(state));
  if (look.format == Look::Format::kYaml) return Print(ToYaml(state));
  return Print(Fields({{"state", state.drained() ? "out of service" : "in service"},
                       {"in flight", std::to_string(state.in_flight())},
                       {"connections", std::to_string(state.connections())},
                       {"generation", std::to_string(state.generation())}},
                      look));
}

// Nothing under way at one moment means little while requests still come: it has to be so at two of
// them, with nothing received between.
Result<v1::DrainState> AwaitNothing(AdminClient& client, Duration most, v1::DrainState state) {
  const SystemClock clock;
  const SteadyTime end = clock.Now() + most;
  StatusWatch watch(client, most);
  std::optional<std::uint64_t> received;
  while (true) {
    const Result<v1::StatusUpdate> update = watch.Next();
    if (!update) return tl::unexpected<Error>(update.error());
    if (update->number() > 0 && update->status().generation() >= state.generation()) {
      if (!update->status().drained() && !update->status().draining()) {
        return Fail(ErrorCode::kAborted, "somebody has put the server back into service");
      }
      state.set_in_flight(update->in_flight());
      state.set_connections(update->status().connections());
      if (update->in_flight() == 0 && received == update->received_total()) return state;
      received = update->received_total();
    }
    if (clock.Now() >= end) {
      return Fail(ErrorCode::kDeadlineExceeded,
                  "after " + FormatDuration(most) + " " + std::to_string(update->in_flight()) +
                      " requests are in flight, and " + RateText(update->offered_per_second()) +
                      "/s still come; the server stays out of service");
    }
  }
}

}  // namespace

ExitCode RunDrain(const Command& command, AdminClient& client, Duration most, const Look& look) {
  Result<v1::DrainState> state = client.Drain();
  if (state && command.waits) state = AwaitNothing(client, most, *state);
  return state ? PrintState(*state, look) : Complain(state.error());
}

ExitCode RunResume(AdminClient& client, const Look& look) {
  const Result<v1::DrainState> state = client.Resume();
  return state ? PrintState(*state, look) : Complain(state.error());
}

}  // namespace baton::ctl
