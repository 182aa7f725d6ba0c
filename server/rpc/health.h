// What grpc.health.v1.Health says: all of the listener serves, or nothing does.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "server/rpc/plain_method.h"

namespace baton::rpc {

// Threads: any.
class Health {
 public:
  // Of `service`, and of "" for the whole server. Not serving at first.
  explicit Health(std::string service) : service_(std::move(service)) {}

  void SetServing(bool is_serving) { is_serving_ = is_serving; }

  // The methods of the service, which it outlives.
  PlainMethods Methods() const;

 private:
  bool Knows(std::string_view service) const { return service.empty() || service == service_; }

  const std::string service_;
  std::atomic<bool> is_serving_{false};
};

}  // namespace baton::rpc
