// Who of the clients may come in at the moment, and how often.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "server/access/bucket.h"
#include "server/access/secrets.h"

namespace baton::access {

enum class KeyOutcome {
  kAllowed,
  kOverRate,  // the holder of the key has come too often
  kExpired,
  kMissing,  // there is no key
  kUnknown,  // it is nobody's
};
inline constexpr std::size_t kKeyOutcomes = 5;
inline constexpr std::array<KeyOutcome, kKeyOutcomes> kAllKeyOutcomes = {
    KeyOutcome::kAllowed, KeyOutcome::kOverRate, KeyOutcome::kExpired, KeyOutcome::kMissing,
    KeyOutcome::kUnknown};

// "allowed", "over_rate", "expired", "missing", "unknown".
std::string_view ToText(KeyOutcome outcome);

struct KeyDecision {
  KeyOutcome outcome = KeyOutcome::kAllowed;
  std::optional<Rate> rate;  // of the holder, where it has one and the key is good
  RateDecision rate_left;    // the same

  bool is_allowed() const { return outcome == KeyOutcome::kAllowed; }
};

// What is kept of a holder while the file is read again and again.
//
// Threads: any.
struct KeyAccount {
  Bucket bucket;
  std::array<std::atomic<std::uint64_t>, kKeyOutcomes> requests{};  // by KeyOutcome

  void Count(KeyOutcome outcome) {
    requests[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  }
};

// The keys of one reading, with the accounts of their holders.
//
// Threads: any; but for the accounts it never changes.
class KeyRing {
 public:
  // `accounts`: by Secrets::holders. `strangers`: of requests with no key, or nobody's.
  KeyRing(std::shared_ptr<const Secrets> secrets, std::vector<std::shared_ptr<KeyAccount>> accounts,
          std::shared_ptr<KeyAccount> strangers);

  // Decides of a request with the key `presented`, empty for none, and counts it. What it takes of
  // the rate is gone.
  KeyDecision Check(std::string_view presented, SteadyTime now, WallTime wall_now) const;

 private:
  const std::shared_ptr<const Secrets> secrets_;
  const std::vector<std::shared_ptr<KeyAccount>> accounts_;
  const std::shared_ptr<KeyAccount> strangers_;
};

}  // namespace baton::access
