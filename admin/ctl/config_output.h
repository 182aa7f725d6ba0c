// The configuration as batonctl prints it.
#pragma once

#include <string>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/ctl/look.h"

namespace baton::ctl {

// What it is, and a line for each value.
std::string ToTable(const admin::v1::Config& config, const Look& look);
// A line for each difference.
std::string ToTable(const admin::v1::ReloadConfigResponse& reload, const Look& look);

}  // namespace baton::ctl
