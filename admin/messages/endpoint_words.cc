// Words of the control port as names of the schema's enums, and back.
#include "admin/messages/endpoint_words.h"

#include <cctype>

namespace baton::admin {

std::string EnumName(std::string_view prefix, const std::string& word) {
  std::string name(prefix);
  for (const char c : word) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string Word(std::string_view prefix, const std::string& enum_name) {
  std::string word;
  if (!enum_name.starts_with(prefix)) return word;
  for (const char c : enum_name.substr(prefix.size())) {
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return word;
}

v1::Criticality ToCriticality(const std::string& word) {
  v1::Criticality criticality = v1::CRITICALITY_UNSPECIFIED;
  static_cast<void>(v1::Criticality_Parse(EnumName(kCriticalityPrefix, word), &criticality));
  return criticality;
}

void Fill(const control::FallbackSettings& settings, v1::Fallback& fallback) {
  v1::FallbackKind kind = v1::FALLBACK_KIND_UNSPECIFIED;
  static_cast<void>(v1::FallbackKind_Parse(EnumName(kFallbackPrefix, settings.kind), &kind));
  fallback.set_kind(kind);
  fallback.set_constant(settings.constant);
  fallback.set_key_header(settings.key_header);
  fallback.set_max_age_ms(ToMillis(settings.max_age));
  fallback.set_max_bytes(settings.max_bytes);
  if (!settings.model.empty()) fallback.set_model(std::string(kEndpointPrefix) + settings.model);
}

}  // namespace baton::admin
