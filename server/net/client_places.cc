// A count by address, behind one lock.
#include "server/net/client_places.h"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

#include "server/base/check.h"

namespace baton::net {
namespace {

constexpr std::size_t kMappedPrefixBytes = 12;  // of ::ffff:a.b.c.d, before the IPv4 address
constexpr std::uint64_t kIpv4 = std::uint64_t{0xffff} << 32;  // no network of IPv6 begins so

std::uint64_t OfIpv4(const void* bytes) {
  std::uint32_t address = 0;
  std::memcpy(&address, bytes, sizeof(address));
  return kIpv4 | ntohl(address);
}

}  // namespace

ClientAddress ToClientAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return ClientAddress{OfIpv4(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)};
  }
  if (address.sa_family != AF_INET6) return ClientAddress{0};
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return ClientAddress{OfIpv4(v6.s6_addr + kMappedPrefixBytes)};
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < sizeof(network); ++i) network = network << 8U | v6.s6_addr[i];
  return ClientAddress{network};
}

ClientAddress ReadClientAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto& address = reinterpret_cast<sockaddr&>(storage);
  if (getpeername(fd, &address, &size) != 0) return ClientAddress{0};
  return ToClientAddress(address);
}

ClientPlace::ClientPlace(ClientPlace&& other) noexcept
    : places_(std::exchange(other.places_, nullptr)), address_(other.address_) {}

ClientPlace& ClientPlace::operator=(ClientPlace&& other) noexcept {
  if (this == &other) return *this;
  GiveBack();
  places_ = std::exchange(other.places_, nullptr);
  address_ = other.address_;
  return *this;
}

ClientPlace::~ClientPlace() { GiveBack(); }

void ClientPlace::GiveBack() {
  if (places_ != nullptr) std::exchange(places_, nullptr)->GiveBack(address_);
}

std::optional<ClientPlace> ClientPlaces::Take(ClientAddress address) {
  {
    const MutexLock lock(mutex_);
    std::size_t& taken = taken_[address];
    if (taken >= limit_) return std::nullopt;
    ++taken;
  }
  return ClientPlace(*this, address);
}

void ClientPlaces::GiveBack(ClientAddress address) {
  const MutexLock lock(mutex_);
  const auto found = taken_.find(address);
  BATON_CHECK(found != taken_.end());
  if (--found->second == 0) taken_.erase(found);
}

std::size_t ClientPlaces::addresses() const {
  const MutexLock lock(mutex_);
  return taken_.size();
}

}  // namespace baton::net
