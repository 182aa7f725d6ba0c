// Between the messages of operations and the operations of the control port.
#pragma once

#include <string>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/control/operation_book.h"

namespace google::longrunning {
class Operation;
}

namespace baton::admin {

// With a ModelOperation as its metadata; what is done has a Model or a ReloadModelsResponse as its
// response, or an error.
void Fill(const control::OperationState& state, google::longrunning::Operation& operation);

// "692166c1-000012" out of "operations/692166c1-000012"; kInvalidArgument with the field "name" for
// another form.
Result<std::string> ToOperationName(const std::string& resource_name);

// How long to wait: 0 means half a minute. kInvalidArgument for less, and for more than a minute.
Result<Duration> ToWaitTime(double timeout_ms);

}  // namespace baton::admin
