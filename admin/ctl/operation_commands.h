// What batonctl does to models, which goes on behind the call that began it.
#pragma once

#include <string>

#include "google/longrunning/operations.pb.h"

#include "admin/ctl/admin_client.h"
#include "admin/ctl/commands.h"
#include "admin/ctl/look.h"
#include "server/base/result.h"

namespace baton::ctl {

// Begins what `command` says of models and waits for its end, or, where it does not wait, for
// nothing. Its result is what became of the models, or the operation. Errors: those of the
// operation, and kDeadlineExceeded where it goes on when the client's time is up. An interrupt ends
// the program and leaves the operation, whose name it says.
Result<std::string> ChangeModels(const Command& command, AdminClient& client, const Look& look);
// Waits for the end of the operation that `command` names, as above.
Result<std::string> AwaitOperation(const Command& command, AdminClient& client, const Look& look);

std::string ToTable(const google::longrunning::Operation& operation, const Look& look);
std::string ToTable(const admin::v1::ListOperationsResponse& operations, const Look& look);
std::string ToNames(const google::longrunning::Operation& operation);
std::string ToNames(const admin::v1::ListOperationsResponse& operations);

}  // namespace baton::ctl
