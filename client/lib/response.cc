// Header storage of a response.
#include "client/lib/response.h"

#include <strings.h>

namespace baton::client {

void Headers::Add(std::string_view name, std::string_view value) {
  fields_.push_back(Field{text_.size(), name.size(), value.size()});
  text_.append(name).append(value);
}

void Headers::Clear() {
  text_.clear();
  fields_.clear();
}

std::string_view Headers::name(std::size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.begin, field.name_size);
}

std::string_view Headers::value(std::size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.begin + field.name_size, field.value_size);
}

std::optional<std::string_view> Headers::Find(std::string_view wanted) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name_size != wanted.size()) continue;
    if (strncasecmp(name(i).data(), wanted.data(), wanted.size()) == 0) return value(i);
  }
  return std::nullopt;
}

void Response::Clear() {
  status = 0;
  headers.Clear();
  body.clear();
  body_bytes = 0;
  keep_alive = false;
}

}  // namespace baton::client
