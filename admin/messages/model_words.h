// What both sides of the admin plane say about models in the same words.
#pragma once

#include <string>
#include <string_view>

#include "baton/admin/v1/model.pb.h"

namespace baton::admin {

inline constexpr std::string_view kModelPrefix = "models/";
inline constexpr std::string_view kOperationPrefix = "operations/";
inline constexpr std::string_view kVersionStatePrefix = "MODEL_VERSION_STATE_";

// Unspecified for a word that the schema does not know, such as "ready" is one.
v1::ModelVersionState ToVersionState(const std::string& word);
// "ready"; empty for what the schema does not know.
std::string ToWord(v1::ModelVersionState state);

}  // namespace baton::admin
