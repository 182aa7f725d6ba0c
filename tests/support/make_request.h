// A request with headers, as the parser would leave it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/http/message.h"

namespace baton::http {

inline Request RequestWith(const std::vector<std::pair<std::string, std::string>>& headers) {
  Request request;
  for (const auto& [name, value] : headers) {
    Request::HeaderField field{};
    field.name_at = static_cast<std::uint32_t>(request.head.size());
    field.name_size = static_cast<std::uint32_t>(name.size());
    request.head += name;
    field.value_at = static_cast<std::uint32_t>(request.head.size());
    field.value_size = static_cast<std::uint32_t>(value.size());
    request.head += value;
    request.headers.push_back(field);
  }
  return request;
}

}  // namespace baton::http
