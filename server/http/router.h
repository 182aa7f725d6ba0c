// Which route a method and path name.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/message.h"

namespace baton::http {

// The values of a pattern's {names}, in order, as views into the path that was asked for.
class PathParams {
 public:
  static constexpr std::size_t kMost = 4;
  using value_type = std::string_view;
  using const_iterator = const std::string_view*;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view operator[](std::size_t index) const { return values_[index]; }
  const_iterator begin() const { return values_.data(); }
  const_iterator end() const { return values_.data() + size_; }

  void push_back(std::string_view value) { values_[size_++] = value; }
  void pop_back() { --size_; }

 private:
  std::array<std::string_view, kMost> values_;
  std::size_t size_ = 0;
};

// `route` is whatever number the caller gave.
struct Match {
  enum class Kind { kFound, kNotFound, kMethodNotAllowed };
  Kind kind = Kind::kNotFound;
  std::size_t route = 0;
  PathParams params;
  std::string allow;  // kMethodNotAllowed and OPTIONS: "GET, HEAD"
};

// Patterns are absolute paths whose segments are literals or {name}, where the last segment may be
// "{name}:suffix" ("/v1/models/{m}:predict"). A {name} matches one non-empty segment; literals win
// over names, names with a suffix over those without. Paths are compared decoded, as Request::path
// holds them; one with a slash at its end is another path. A route for GET answers HEAD too. Fixed
// after start.
//
// The path alone picks the pattern, then the method is looked up in it: a more general pattern
// never answers for a method that the particular one does not have. OPTIONS without a route of its
// own comes out as kMethodNotAllowed with `allow`; for "*" that is every method of any route.
//
// Cost: a path without parameters is one hash look-up.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Requires: the pair is new; `pattern` is of the form above, with at most PathParams::kMost
  // names, and `method` not kOther.
  void Add(Method method, std::string_view pattern, std::size_t route);

  Match Find(Method method, std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton::http
