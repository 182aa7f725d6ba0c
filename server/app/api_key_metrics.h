// What the files of hashed tokens, and the keys in them, have to show.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/access/api_keys.h"
#include "server/access/secret_file.h"
#include "server/metrics/registry.h"

namespace baton::app {

// How often `file` was read again, by how that ended. `name` is the label. The file outlives the
// registry's scrapes.
void AddSecretFileMetrics(metrics::Registry& registry, const std::string& name,
                          const access::SecretFile& file);

// The requests by key: of the names in the file, and no others.
//
// Threads: one at a time.
class ApiKeyMetrics {
 public:
  // Both outlive it.
  ApiKeyMetrics(metrics::Registry& registry, const access::ApiKeys& keys);

  // Takes up the names that have come, and forgets those that have gone.
  void FollowFile();

 private:
  void Add(const std::string& name, const std::shared_ptr<const access::KeyAccount>& account);

  metrics::Registry& registry_;
  const access::ApiKeys& keys_;
  std::map<std::string, std::shared_ptr<const access::KeyAccount>> shown_;
};

}  // namespace baton::app
