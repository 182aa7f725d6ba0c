// Which route a method and path name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace baton::http {

// `route` is whatever number the caller gave; `params` are the values of the pattern's {names}, in
// order, as views into the path that was asked for.
struct Match {
  enum class Kind { kFound, kNotFound, kMethodNotAllowed };
  Kind kind = Kind::kNotFound;
  std::size_t route = 0;
  std::vector<std::string_view> params;
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

  // Requires: the pair is new; `pattern` is of the form above and `method` not kOther.
  void Add(Method method, std::string_view pattern, std::size_t route);

  Match Find(Method method, std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton::http
