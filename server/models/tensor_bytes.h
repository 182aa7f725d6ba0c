// The bytes of a tensor: its own, or somebody else's on loan.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace baton::models {

// Whatever changes bytes on loan copies them first. A loan with an owner is shared by copies; one
// that the lender keeps alive by other means is not, so that only what is moved can outlive it: a
// copy has bytes of its own.
//
// Threads: as std::vector.
class TensorBytes {
 public:
  using value_type = std::byte;
  using iterator = const std::byte*;
  using const_iterator = const std::byte*;

  TensorBytes() = default;
  TensorBytes(std::vector<std::byte> bytes) : own_(std::move(bytes)) {}
  TensorBytes(const TensorBytes& other);
  TensorBytes(TensorBytes&& other) noexcept;
  TensorBytes& operator=(const TensorBytes& other);
  TensorBytes& operator=(TensorBytes&& other) noexcept;
  ~TensorBytes() = default;

  // `bytes` where they lie, or a copy where that is not a multiple of `alignment`. They stay as
  // they are while `owner` lives; without one while this and what it is moved to live.
  static TensorBytes Borrow(std::span<const std::byte> bytes, std::size_t alignment,
                            std::shared_ptr<const void> owner = nullptr);

  bool is_borrowed() const { return lent_.data() != nullptr; }
  std::size_t size() const { return is_borrowed() ? lent_.size() : own_.size(); }
  bool empty() const { return size() == 0; }
  const std::byte* data() const { return is_borrowed() ? lent_.data() : own_.data(); }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size(); }

  // The range from `first` on: of a loan with an owner on the same loan, else a copy.
  // Requires: first + count <= size().
  TensorBytes Part(std::size_t first, std::size_t count) const;

  std::byte* data();
  void resize(std::size_t size);
  void reserve(std::size_t size);
  void push_back(std::byte byte);
  template <typename Iterator>
  void assign(Iterator begin, Iterator end) {
    *this = TensorBytes(std::vector<std::byte>(begin, end));
  }
  void Append(std::span<const std::byte> bytes);
  void clear();

  friend bool operator==(const TensorBytes& a, const TensorBytes& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::vector<std::byte>& Own();

  std::vector<std::byte> own_;       // empty while on loan
  std::span<const std::byte> lent_;  // null when not
  std::shared_ptr<const void> owner_;
};

}  // namespace baton::models
