// What the server did between two looks at it.
#pragma once

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
};

// The one source of snapshots: a few calls.
Result<Snapshot> TakeSnapshot(AdminClient& client);

// Requests a second.
struct Rates {
  double offered = 0;  // came in and were let in, or answered
  double goodput = 0;  // were answered without being a miss
  double misses = 0;
};
// Zero when no time lies between the two, or the server has started anew in between.
Rates RatesOf(const Snapshot& before, const Snapshot& after);
// By the names of the endpoints of `after`.
std::map<std::string, Rates> EndpointRates(const Snapshot& before, const Snapshot& after);

// "no_time 12, draining 3": causes of the misses that are known, the most frequent first.
std::string CausesText(const Snapshot& snapshot);

}  // namespace baton::ctl
