// Between the messages of models and the plain structs of the control port.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/control/control_port.h"

namespace baton::admin::v1 {
class Model;
}  // namespace baton::admin::v1

namespace baton::admin {

void Fill(const control::ModelState& state, v1::Model& model);

// "tumour" out of "models/tumour"; kInvalidArgument with the field "name" for another form.
Result<std::string> ToModelName(const std::string& resource_name);

}  // namespace baton::admin
