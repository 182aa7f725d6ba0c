// Bytes of a tensor's own and on loan.
#include "server/models/tensor_bytes.h"

#include <array>
#include <cstdint>
#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/tensor.h"

namespace baton::models {
namespace {

using testing::ElementsAre;

constexpr std::byte kOne{1};
constexpr std::byte kTwo{2};
constexpr std::byte kNine{9};

static_assert(std::is_nothrow_move_constructible_v<TensorBytes>);
static_assert(std::is_nothrow_move_constructible_v<Tensor>);

class TensorBytesTest : public testing::Test {
 protected:
  TensorBytes Borrowed(std::shared_ptr<const void> owner = nullptr) {
    return TensorBytes::Borrow(bytes_, 8, std::move(owner));
  }
  const std::byte* there() const { return bytes_.data(); }

  alignas(8) std::array<std::byte, 16> bytes_ = {kOne, kTwo};
};

TEST_F(TensorBytesTest, ALoanLiesWhereItLay) {
  const TensorBytes bytes = Borrowed();
  EXPECT_TRUE(bytes.is_borrowed());
  EXPECT_EQ(bytes.data(), there());
  EXPECT_EQ(bytes.size(), 16u);
}

TEST_F(TensorBytesTest, MisalignedBytesAreCopied) {
  for (const std::size_t alignment : {1U, 2U, 4U, 8U}) {
    for (std::size_t at = 0; at < 8; ++at) {
      const TensorBytes bytes = TensorBytes::Borrow({there() + at, 2}, alignment);
      EXPECT_EQ(bytes.is_borrowed(), at % alignment == 0) << alignment << " at " << at;
      EXPECT_THAT(bytes, ElementsAre(bytes_[at], bytes_[at + 1]));
    }
  }
}

TEST_F(TensorBytesTest, ACopyOfAnOwnedLoanSharesIt) {
  const auto owner = std::make_shared<int>();
  const TensorBytes first = Borrowed(owner);
  const TensorBytes copy = first;
  EXPECT_EQ(copy.data(), there());
  EXPECT_EQ(owner.use_count(), 3);
}

TEST_F(TensorBytesTest, ACopyOfALoanWithoutAnOwnerHasItsOwnBytes) {
  const TensorBytes first = Borrowed();
  const TensorBytes copy = first;
  EXPECT_FALSE(copy.is_borrowed());
  EXPECT_EQ(copy, first);
}

TEST_F(TensorBytesTest, AMoveTakesTheLoanAlong) {
  const auto owner = std::make_shared<int>();
  TensorBytes first = Borrowed(owner);
  TensorBytes second = std::move(first);
  TensorBytes third;
  third = std::move(second);
  EXPECT_EQ(std::as_const(third).data(), there());
  EXPECT_EQ(owner.use_count(), 2);
}

TEST_F(TensorBytesTest, TheOwnerIsLetGoWithTheLastLoan) {
  const auto owner = std::make_shared<int>();
  {
    TensorBytes bytes = Borrowed(owner);
    const TensorBytes part = bytes.Part(2, 4);
    bytes.clear();
    EXPECT_TRUE(bytes.empty());
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_F(TensorBytesTest, WhatIsWrittenToIsNotTheLendersAnyMore) {
  for (const bool is_owned : {false, true}) {
    TensorBytes bytes = Borrowed(is_owned ? std::make_shared<int>() : nullptr);
    bytes.data()[0] = kNine;
    EXPECT_FALSE(bytes.is_borrowed());
    EXPECT_EQ(*bytes.begin(), kNine);
    EXPECT_EQ(bytes_[0], kOne);
  }
  TensorBytes longer = Borrowed();
  longer.push_back(kNine);
  EXPECT_EQ(longer.size(), 17u);
  TensorBytes shorter = Borrowed();
  shorter.resize(2);
  shorter.Append(std::array{kNine});
  EXPECT_THAT(shorter, ElementsAre(kOne, kTwo, kNine));
}

TEST_F(TensorBytesTest, APartSharesAnOwnedLoanAndCopiesWhatElseThereIs) {
  const TensorBytes loan = Borrowed(std::make_shared<int>());
  EXPECT_EQ(std::as_const(loan).Part(1, 3).begin(), there() + 1);
  const TensorBytes own = std::vector{kOne, kTwo, kNine};
  EXPECT_THAT(own.Part(1, 2), ElementsAre(kTwo, kNine));
  EXPECT_FALSE(Borrowed().Part(0, 2).is_borrowed());
  EXPECT_TRUE(own.Part(3, 0).empty());
}

TEST_F(TensorBytesTest, BytesAreComparedWhereverTheyLie) {
  EXPECT_EQ(Borrowed(), TensorBytes(std::vector<std::byte>(bytes_.begin(), bytes_.end())));
  EXPECT_NE(Borrowed(), TensorBytes());
}

TEST_F(TensorBytesTest, AnEmptyLoanIsEmpty) {
  EXPECT_TRUE(TensorBytes::Borrow({}, 8).empty());
  EXPECT_EQ(TensorBytes::Borrow({}, 8), TensorBytes());
}

}  // namespace
}  // namespace baton::models
