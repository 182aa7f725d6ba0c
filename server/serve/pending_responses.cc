// The map behind the pending responses; the only unit that includes oneTBB.
#include "server/serve/pending_responses.h"

#include <atomic>
#include <memory>
#include <utility>

#include <tbb/concurrent_hash_map.h>

#include "server/base/check.h"
#include "server/base/recycling_allocator.h"

namespace baton::serve {
namespace {

struct HashCompare {
  // Ids count up: multiplying by 2^64/phi spreads them over the buckets (Knuth, TAOCP 3, 6.4).
  static std::size_t hash(std::uint64_t id) { return id * 0x9E3779B97F4A7C15U; }
  static bool equal(std::uint64_t a, std::uint64_t b) { return a == b; }
};

}  // namespace

struct PendingResponses::Map {
  // Not TBB's own allocator, which the thread sanitizer cannot follow. A conductor claims what it
  // has added, so that its nodes are used again.
  using Entries =
      tbb::concurrent_hash_map<std::uint64_t, PendingResponse, HashCompare,
                               RecyclingAllocator<std::pair<const std::uint64_t, PendingResponse>>>;
  Entries entries;
  std::atomic<std::uint64_t> added{0};
  std::atomic<std::uint64_t> claimed{0};
};

PendingResponses::PendingResponses(std::size_t limit)
    : limit_(limit), map_(std::make_unique<Map>()) {}

PendingResponses::~PendingResponses() = default;

Status PendingResponses::Add(RequestId id, PendingResponse response) {
  if (const std::size_t most = limit(); size() >= most) {
    return Fail(ErrorCode::kResourceExhausted,
                "the limit of " + std::to_string(most) + " pending responses is reached");
  }
  ++map_->added;
  const bool is_new = map_->entries.emplace(static_cast<std::uint64_t>(id), std::move(response));
  BATON_CHECK(is_new);
  return {};
}

std::optional<PendingResponse> PendingResponses::Claim(RequestId id) {
  Map::Entries::accessor found;
  if (!map_->entries.find(found, static_cast<std::uint64_t>(id))) return std::nullopt;
  std::optional<PendingResponse> response(std::move(found->second));
  map_->entries.erase(found);
  ++map_->claimed;
  return response;
}

bool PendingResponses::IsPending(RequestId id) const {
  return map_->entries.count(static_cast<std::uint64_t>(id)) > 0;
}

std::optional<std::uint32_t> PendingResponses::RecordOf(RequestId id) const {
  Map::Entries::const_accessor found;
  if (!map_->entries.find(found, static_cast<std::uint64_t>(id))) return std::nullopt;
  return found->second.record;
}

std::size_t PendingResponses::size() const {
  const std::uint64_t claimed = map_->claimed;  // first: added() may only have grown since
  return static_cast<std::size_t>(map_->added - claimed);
}

std::uint64_t PendingResponses::added() const { return map_->added; }
std::uint64_t PendingResponses::claimed() const { return map_->claimed; }

}  // namespace baton::serve
