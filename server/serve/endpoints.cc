// Endpoints are made once and never go.
#include "server/serve/endpoints.h"

#include <algorithm>

namespace baton::serve {

Endpoints::Endpoints(metrics::Registry& registry) : registry_(registry) {
  unknown_ = *Add("_unknown_", Endpoint::Kind::kUnknown);
}

Endpoints::~Endpoints() = default;

Result<const Endpoint*> Endpoints::Add(const std::string& name, Endpoint::Kind kind) {
  MutexLock lock(mutex_);
  if (const Endpoint* const known = FindLocked(name)) {
    if (known->kind == kind) return known;
    return Fail(ErrorCode::kAlreadyExists,
                "the name '" + name + "' is taken by another endpoint of the server");
  }
  if (all_.size() >= kMost) {
    return Fail(ErrorCode::kResourceExhausted, "there are " + std::to_string(kMost) +
                                                   " endpoints already, and no more are possible");
  }
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->name = name;
  endpoint->kind = kind;
  endpoint->index = static_cast<std::uint32_t>(all_.size());
  endpoint->metrics = EndpointMetrics::Make(registry_, name);
  all_.push_back(std::move(endpoint));
  for (const auto& observer : observers_) observer(*all_.back());
  return all_.back().get();
}

const Endpoint* Endpoints::FindLocked(std::string_view name) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [name](const auto& one) { return one->name == name; });
  return found == all_.end() ? nullptr : found->get();
}

const Endpoint* Endpoints::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  return FindLocked(name);
}

std::vector<const Endpoint*> Endpoints::All() const {
  MutexLock lock(mutex_);
  std::vector<const Endpoint*> all;
  all.reserve(all_.size());
  for (const auto& endpoint : all_) all.push_back(endpoint.get());
  return all;
}

void Endpoints::Tell(std::function<void(const Endpoint&)> observer) {
  MutexLock lock(mutex_);
  for (const auto& endpoint : all_) observer(*endpoint);
  observers_.push_back(std::move(observer));
}

std::size_t Endpoints::size() const {
  MutexLock lock(mutex_);
  return all_.size();
}

}  // namespace baton::serve
