// Capacity that goes round, and its bounds.
#include "server/base/spare_buffers.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(SpareBuffersTest, CapacityGoesFromOneOwnerToTheNext) {
  SpareBuffers spare;
  std::string first(1000, 'x');
  spare.GiveBack(first);
  EXPECT_EQ(first.capacity(), std::string().capacity());
  const std::string second = spare.Take();
  EXPECT_EQ(second, "");
  EXPECT_GE(second.capacity(), 1000u);
  EXPECT_EQ(spare.Take().capacity(), std::string().capacity());
}

TEST(SpareBuffersTest, ALargeBufferIsFreed) {
  SpareBuffers spare;
  std::string large(8 * 1024 * 1024, 'x');
  spare.GiveBack(large);
  EXPECT_EQ(large.capacity(), std::string().capacity());
  EXPECT_EQ(spare.size(), 0u);
}

TEST(SpareBuffersTest, NoMoreThanItsBoundIsKept) {
  SpareBuffers spare;
  std::vector<std::string> many(SpareBuffers::kKept + 5, std::string(100, 'x'));
  for (std::string& buffer : many) spare.GiveBack(buffer);
  EXPECT_EQ(spare.size(), SpareBuffers::kKept);
}

TEST(SpareBuffersTest, AnEmptiedBufferKeepsNoMoreThanItMay) {
  std::string small(100, 'x');
  EmptyBuffer(small, 1000);
  EXPECT_GE(small.capacity(), 100u);
  EXPECT_EQ(small, "");
  std::string large(2000, 'x');
  EmptyBuffer(large, 1000);
  EXPECT_LT(large.capacity(), 100u);
}

}  // namespace
}  // namespace baton
