// A hash of literal paths, and a tree of segments for the patterns with names.
#include "server/http/router.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/check.h"

namespace baton::http {
namespace {

constexpr std::size_t kMethods = static_cast<std::size_t>(Method::kOther);

// The routes of one pattern, by method.
class Routes {
 public:
  bool IsEmpty() const { return allow_.empty(); }
  const std::string& allow() const { return allow_; }

  void Add(Method method, std::size_t route) {
    std::optional<std::size_t>& place = routes_[static_cast<std::size_t>(method)];
    BATON_CHECK(!place);
    place = route;
    allow_.clear();
    for (std::size_t i = 0; i < kMethods; ++i) {
      if (!Find(static_cast<Method>(i))) continue;
      if (!allow_.empty()) allow_ += ", ";
      allow_ += ToText(static_cast<Method>(i));
    }
  }

  const std::size_t* Find(Method method) const {
    if (method == Method::kOther) return nullptr;
    const auto& own = routes_[static_cast<std::size_t>(method)];
    if (own) return &*own;
    return method == Method::kHead ? Find(Method::kGet) : nullptr;
  }

 private:
  std::array<std::optional<std::size_t>, kMethods> routes_;
  std::string allow_;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// The place behind some segments of a pattern.
struct Node {
  struct Suffixed {
    std::string suffix;  // with its ':'
    Routes routes;
  };
  TextMap<std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> named;
  std::vector<Suffixed> suffixed;
  Routes routes;

  Routes& RoutesOfSuffix(std::string_view suffix) {
    for (Suffixed& one : suffixed) {
      if (one.suffix == suffix) return one.routes;
    }
    return suffixed.emplace_back(Suffixed{std::string(suffix), {}}).routes;
  }
};

Node& Reach(std::unique_ptr<Node>& place) {
  if (!place) place = std::make_unique<Node>();
  return *place;
}

// Takes "/segment" off the front. Requires: `rest` starts with '/'.
std::string_view TakeSegment(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('/', 1), rest.size());
  const std::string_view segment = rest.substr(1, end - 1);
  rest.remove_prefix(end);
  return segment;
}

// Goes back where a literal leads nowhere; as deep as the deepest pattern, however long the path
// is.
const Routes* FindIn(const Node& node, std::string_view rest, PathParams& params) {
  if (rest.empty()) return node.routes.IsEmpty() ? nullptr : &node.routes;
  const std::string_view segment = TakeSegment(rest);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Routes* routes = FindIn(*literal->second, rest, params)) return routes;
  }
  if (rest.empty()) {
    for (const Node::Suffixed& one : node.suffixed) {
      if (segment.size() > one.suffix.size() && segment.ends_with(one.suffix)) {
        params.push_back(segment.substr(0, segment.size() - one.suffix.size()));
        return &one.routes;
      }
    }
  }
  if (!node.named || segment.empty()) return nullptr;
  params.push_back(segment);
  if (const Routes* routes = FindIn(*node.named, rest, params)) return routes;
  params.pop_back();
  return nullptr;
}

}  // namespace

struct Router::Impl {
  TextMap<Routes> literal_paths;
  Node root;
  Routes any;  // what OPTIONS * is told; its route numbers mean nothing

  Routes& RoutesOf(std::string_view pattern) {
    if (pattern.find('{') == pattern.npos) return literal_paths[std::string(pattern)];
    Node* node = &root;
    while (!pattern.empty()) {
      const std::string_view segment = TakeSegment(pattern);
      const std::size_t brace = segment.starts_with('{') ? segment.find('}') : segment.npos;
      if (brace == segment.npos) {
        node = &Reach(node->literals[std::string(segment)]);
      } else if (brace + 1 < segment.size()) {
        BATON_CHECK(pattern.empty() && segment[brace + 1] == ':');
        return node->RoutesOfSuffix(segment.substr(brace + 1));
      } else {
        node = &Reach(node->named);
      }
    }
    return node->routes;
  }
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::Add(Method method, std::string_view pattern, std::size_t route) {
  BATON_CHECK(pattern.starts_with('/') && method != Method::kOther);
  BATON_CHECK(std::count(pattern.begin(), pattern.end(), '{') <=
              static_cast<std::ptrdiff_t>(PathParams::kMost));
  impl_->RoutesOf(pattern).Add(method, route);
  if (!impl_->any.Find(method)) impl_->any.Add(method, route);
}

Match Router::Find(Method method, std::string_view path) const {
  Match match;
  const Routes* routes = nullptr;
  if (const auto literal = impl_->literal_paths.find(path); literal != impl_->literal_paths.end()) {
    routes = &literal->second;
  } else if (path.starts_with('/')) {
    routes = FindIn(impl_->root, path, match.params);
  } else if (path == "*" && method == Method::kOptions) {
    match.kind = Match::Kind::kMethodNotAllowed;
    match.allow = impl_->any.allow();
  }
  if (routes == nullptr) return match;
  const std::size_t* route = routes->Find(method);
  match.kind = route != nullptr ? Match::Kind::kFound : Match::Kind::kMethodNotAllowed;
  if (route != nullptr) match.route = *route;
  if (route == nullptr || method == Method::kOptions) match.allow = routes->allow();
  return match;
}

}  // namespace baton::http
