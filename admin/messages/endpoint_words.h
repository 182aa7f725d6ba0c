// What both sides of the admin plane say about endpoints in the same words.
#pragma once

#include <string>
#include <string_view>

#include "baton/admin/v1/endpoint.pb.h"

#include "server/control/control_port.h"

namespace baton::admin {

inline constexpr std::string_view kEndpointPrefix = "endpoints/";
inline constexpr std::string_view kCriticalityPrefix = "CRITICALITY_";
inline constexpr std::string_view kFallbackPrefix = "FALLBACK_KIND_";

// "CRITICALITY_SHEDDABLE" for "sheddable".
std::string EnumName(std::string_view prefix, const std::string& word);
// "sheddable" for "CRITICALITY_SHEDDABLE"; empty for what does not start with the prefix, as for
// the empty name of a number that the schema does not know.
std::string Word(std::string_view prefix, const std::string& enum_name);

// Unspecified for a word that the schema does not know.
v1::Criticality ToCriticality(const std::string& word);
void Fill(const control::FallbackSettings& settings, v1::Fallback& fallback);

}  // namespace baton::admin
