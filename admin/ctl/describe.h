// `batonctl describe`: all that is known of one thing, gathered by several calls.
#pragma once

#include <string>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/look.h"
#include "server/base/result.h"

namespace baton::ctl {

// Each as look.format says; as JSON and YAML an object of the messages that it is made of.
// The pool, who waits for it, and what the endpoints hold of it.
Result<std::string> DescribePool(AdminClient& client, const Look& look);
// The endpoint and its last misses.
Result<std::string> DescribeEndpoint(AdminClient& client, const std::string& name,
                                     const Look& look);
// The model with its versions, and its endpoint.
Result<std::string> DescribeModel(AdminClient& client, const std::string& name, const Look& look);

}  // namespace baton::ctl
