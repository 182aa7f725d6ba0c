// Models as batonctl prints them.
#pragma once

#include <string>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/ctl/look.h"

namespace baton::ctl {

// A line for each version.
std::string ToTable(const admin::v1::Model& model, const Look& look);
std::string ToTable(const admin::v1::ListModelsResponse& models, const Look& look);
std::string ToTable(const admin::v1::ReloadModelsResponse& models, const Look& look);

}  // namespace baton::ctl
