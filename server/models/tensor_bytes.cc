// Loans, and what ends them.
#include "server/models/tensor_bytes.h"

#include <cstdint>

namespace baton::models {

TensorBytes::TensorBytes(const TensorBytes& other) : owner_(other.owner_) {
  if (owner_) {
    lent_ = other.lent_;
  } else {
    own_.assign(other.begin(), other.end());
  }
}

TensorBytes::TensorBytes(TensorBytes&& other) noexcept
    : own_(std::move(other.own_)),
      lent_(std::exchange(other.lent_, {})),
      owner_(std::move(other.owner_)) {}

TensorBytes& TensorBytes::operator=(const TensorBytes& other) {
  if (this != &other) *this = TensorBytes(other);
  return *this;
}

TensorBytes& TensorBytes::operator=(TensorBytes&& other) noexcept {
  own_.swap(other.own_);
  std::swap(lent_, other.lent_);
  owner_.swap(other.owner_);
  return *this;
}

TensorBytes TensorBytes::Borrow(std::span<const std::byte> bytes, std::size_t alignment,
                                std::shared_ptr<const void> owner) {
  TensorBytes borrowed;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment != 0) {
    borrowed.own_.assign(bytes.begin(), bytes.end());
  } else {
    borrowed.lent_ = bytes;
    borrowed.owner_ = std::move(owner);
  }
  return borrowed;
}

TensorBytes TensorBytes::Part(std::size_t first, std::size_t count) const {
  if (owner_) return Borrow({data() + first, count}, 1, owner_);
  TensorBytes part;
  part.assign(data() + first, data() + first + count);
  return part;
}

std::byte* TensorBytes::data() { return Own().data(); }
void TensorBytes::resize(std::size_t size) { Own().resize(size); }
void TensorBytes::reserve(std::size_t size) { Own().reserve(size); }
void TensorBytes::push_back(std::byte byte) { Own().push_back(byte); }

void TensorBytes::Append(std::span<const std::byte> bytes) {
  std::vector<std::byte>& own = Own();
  own.insert(own.end(), bytes.begin(), bytes.end());
}

void TensorBytes::clear() { *this = TensorBytes(); }

std::vector<std::byte>& TensorBytes::Own() {
  if (is_borrowed()) *this = TensorBytes(std::vector<std::byte>(begin(), end()));
  return own_;
}

}  // namespace baton::models
