// Counts by loop, behind one lock.
#include "server/net/connection_places.h"

#include "server/base/check.h"

namespace baton::net {
namespace {

// Handing a connection over costs a little: a few more than the others have are kept.
constexpr std::size_t kLead = 4;
constexpr std::size_t kLeadShare = 8;  // and one more for each so many that the others have

}  // namespace

ConnectionPlaces::ConnectionPlaces(std::size_t limit, std::size_t loops)
    : limit_(limit), loops_(loops) {}

std::optional<std::size_t> ConnectionPlaces::Take(std::size_t at) {
  const MutexLock lock(mutex_);
  if (taken_ >= limit_) return std::nullopt;
  const std::size_t owner = OwnerOf(at);
  ++loops_[owner].taken;
  ++taken_;
  return owner;
}

bool ConnectionPlaces::TakeHere(std::size_t at) {
  const MutexLock lock(mutex_);
  if (taken_ >= limit_) return false;
  ++loops_[at].taken;
  ++taken_;
  return true;
}

std::size_t ConnectionPlaces::OwnerOf(std::size_t at) const {
  if (!loops_[at].is_open) return at;
  std::size_t least = at;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    if (loops_[i].is_open && loops_[i].taken < loops_[least].taken) least = i;
  }
  const std::size_t fewest = loops_[least].taken;
  return loops_[at].taken >= fewest + kLead + fewest / kLeadShare ? least : at;
}

void ConnectionPlaces::GiveBack(std::size_t loop) {
  const MutexLock lock(mutex_);
  BATON_CHECK(loops_[loop].taken > 0);
  --loops_[loop].taken;
  --taken_;
}

void ConnectionPlaces::SetOpen(std::size_t loop, bool is_open) {
  const MutexLock lock(mutex_);
  loops_[loop].is_open = is_open;
}

std::size_t ConnectionPlaces::taken(std::size_t loop) const {
  const MutexLock lock(mutex_);
  return loops_[loop].taken;
}

}  // namespace baton::net
