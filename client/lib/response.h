// One HTTP response: status, headers, body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::client {

// Header fields in the order they came. They share one buffer, which Clear keeps, so that a
// connection that reads many responses does not allocate for each.
class Headers {
 public:
  void Add(std::string_view name, std::string_view value);
  void Clear();

  std::size_t size() const { return fields_.size(); }
  std::string_view name(std::size_t index) const;
  std::string_view value(std::size_t index) const;

  // The first value of `wanted`, whatever the case of either. Valid until the next change.
  std::optional<std::string_view> Find(std::string_view wanted) const;

 private:
  struct Field {
    std::size_t begin = 0;
    std::size_t name_size = 0;
    std::size_t value_size = 0;
  };
  std::string text_;
  std::vector<Field> fields_;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;            // empty when the parser was told not to keep it
  std::size_t body_bytes = 0;  // as it came, kept or not
  bool keep_alive = false;     // whether the connection can carry another request

  bool IsSuccess() const { return status >= 200 && status < 300; }
  // Forgets everything but the memory.
  void Clear();
};

}  // namespace baton::client
