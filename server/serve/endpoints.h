// All endpoints of a server, in a list that only grows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/metrics/registry.h"
#include "server/serve/endpoint.h"

namespace baton::serve {

// An endpoint has its index, and its books, for as long as the server runs: a model that comes
// again after it went finds them. `_unknown_`, where requests are counted that name none, is the
// first.
//
// Threads: any. Endpoints stay where they are.
class Endpoints {
 public:
  static constexpr std::size_t kMost = 4096;

  explicit Endpoints(metrics::Registry& registry);
  ~Endpoints();

  // The one of the name, made when it is new. Errors: kResourceExhausted beyond kMost;
  // kAlreadyExists when one of another kind has the name.
  Result<const Endpoint*> Add(const std::string& name, Endpoint::Kind kind) BATON_EXCLUDES(mutex_);
  // Null when there is none.
  const Endpoint* Find(std::string_view name) const BATON_EXCLUDES(mutex_);
  const Endpoint& unknown() const { return *unknown_; }

  // Whom to tell of every endpoint, those that are there at once. It runs under a lock.
  void Tell(std::function<void(const Endpoint&)> observer) BATON_EXCLUDES(mutex_);

  // By index.
  std::vector<const Endpoint*> All() const BATON_EXCLUDES(mutex_);
  std::size_t size() const BATON_EXCLUDES(mutex_);

 private:
  const Endpoint* FindLocked(std::string_view name) const BATON_REQUIRES(mutex_);

  metrics::Registry& registry_;
  const Endpoint* unknown_ = nullptr;  // set once

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<const Endpoint>> all_ BATON_GUARDED_BY(mutex_);
  std::vector<std::function<void(const Endpoint&)>> observers_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::serve
