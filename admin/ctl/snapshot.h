// What the server did between two looks at it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/ctl/admin_client.h"
#include "server/base/clock.h"
#include "server/base/result.h"

namespace baton::ctl {

struct Snapshot {
  SteadyTime at{};
  admin::v1::ServerStatus status;
  std::vector<admin::v1::Endpoint> endpoints;
  std::vector<admin::v1::Miss> misses;  // the last ones, the newest first
  // Of what the server sends by itself, which has no single misses: how many there were of each
  // cause, and how many predictions by the names of the endpoints, "" for all.
  std::map<std::string, std::uint64_t> causes;
  std::map<std::string, std::uint64_t> predictions;
};

// The one source of snapshots: a few calls.
Result<Snapshot> TakeSnapshot(AdminClient& client);

// One that the server has sent. Times are since its start.
Snapshot ToSnapshot(const admin::v1::StatusUpdate& update);

// Requests a second.
struct Rates {
  double offered = 0;  // came in and were let in, or answered
  double goodput = 0;  // were answered by a prediction, or, where that is not known, by no miss
  double misses = 0;
};
// Zero when no time lies between the two, or the server has started anew in between.
Rates RatesOf(const Snapshot& before, const Snapshot& after);
// By the names of the endpoints of `after`.
std::map<std::string, Rates> EndpointRates(const Snapshot& before, const Snapshot& after);

// "no_time 12, draining 3": causes of the misses that are known, the most frequent first.
std::string CausesText(const Snapshot& snapshot);
// "no_time 12.0/s, draining 3.0/s": the same of the time between. Empty where there were none.
std::string CausesText(const Snapshot& before, const Snapshot& after);

}  // namespace baton::ctl
