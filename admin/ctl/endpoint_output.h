// What batonctl shows of one endpoint, of a change of it, and of misses.
#pragma once

#include <string>
#include <vector>

#include "admin/ctl/look.h"
#include "server/control/control_port.h"

namespace baton::ctl {

// A line for each thing that is known of it.
std::string ToTable(const control::EndpointState& endpoint, const Look& look);

// A line for each; wide: with all its settings and estimates.
std::string ToTable(const std::vector<control::EndpointState>& endpoints, const Look& look);

// A line for each setting that is among `keys`, and for each that went with the fallback:
// "tumour max_workers: 0 -> 2".
std::string ChangeToTable(const control::EndpointState& before, const control::EndpointState& after,
                          const std::vector<std::string>& keys, bool validate_only);

// A line for each, with where its time went until its answer was decided; wide: with its number,
// and every moment of its life.
std::string ToTable(const std::vector<control::MissState>& misses, const Look& look);

}  // namespace baton::ctl
