// Opening of the ONNX Runtime library: found once, and clear words when it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/onnxruntime/library.h"
#include "tests/models/support.h"

namespace baton::models {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(OnnxLibraryTest, AMissingFileIsNamedWithTheLoadersReason) {
  const auto runtime = OpenOnnxRuntime("/nowhere/libonnxruntime.so.1");
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(runtime.error().message, HasSubstr("/nowhere/libonnxruntime.so.1: "));
  EXPECT_THAT(runtime.error().message, HasSubstr("No such file"));
}

TEST(OnnxLibraryTest, AGivenPathIsTheOnlyPlaceTried) {
  const auto runtime = OpenOnnxRuntime("/nowhere/libonnxruntime.so.1");
  ASSERT_FALSE(runtime);
  EXPECT_THAT(runtime.error().message, Not(HasSubstr("/lib/libonnxruntime.so.1")));
}

TEST(OnnxLibraryTest, ALibraryThatIsNoneOfOnnxRuntimeIsRefused) {
  const auto runtime = OpenOnnxRuntime("libm.so.6");
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(runtime.error().message,
            "libm.so.6 is no ONNX Runtime library: it has no OrtGetApiBase");
}

TEST(OnnxLibraryTest, ASecondOpeningReturnsTheSameRuntime) {
  const OnnxRuntime& first = Runtime();
  const OnnxRuntime& second = Runtime();
  EXPECT_EQ(&first, &second);
  EXPECT_EQ(first.path(), BATON_TEST_ONNXRUNTIME_LIBRARY);
  EXPECT_THAT(first.version(), ::testing::MatchesRegex("1\\.[0-9]+\\.[0-9]+"));
}

// The build puts a link at ../lib of the programs, as an installation puts the library.
TEST(OnnxLibraryTest, WithoutAPathTheOneBesideTheProgramIsFound) {
  const auto runtime = OpenOnnxRuntime({});
  ASSERT_TRUE(runtime) << runtime.error().message;
  EXPECT_EQ(*runtime, &Runtime());
}

TEST(OnnxLibraryTest, ALibraryThatIsTooOldIsRefusedWithItsVersion) {
  const auto runtime = OpenOnnxRuntime(BATON_TEST_OLD_LIBRARY);
  ASSERT_FALSE(runtime);
  EXPECT_EQ(runtime.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(runtime.error().message,
            BATON_TEST_OLD_LIBRARY " is ONNX Runtime 1.10.0, expected 1.21 or later");
}

TEST(OnnxLibraryTest, AnotherLibraryIsRefusedWhileOneRuns) {
  Runtime();
  const auto other = OpenOnnxRuntime(BATON_TEST_OTHER_LIBRARY);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(other.error().message, BATON_TEST_OTHER_LIBRARY
            " cannot be opened: ONNX Runtime runs already from " BATON_TEST_ONNXRUNTIME_LIBRARY);
}

}  // namespace
}  // namespace baton::models
