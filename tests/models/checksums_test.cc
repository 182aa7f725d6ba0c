// Files against the sums that a SHA256SUMS gives for them.
#include "server/models/checksums.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/folder.h"

namespace baton::models {
namespace {

using ::testing::HasSubstr;

// Of "abc", of nothing (FIPS 180-2), and of a million times "a".
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

class ChecksumsTest : public FolderTest {
 protected:
  std::string Problems(const std::string& list) const {
    Write("SHA256SUMS", list);
    const Status checked = VerifyChecksums(root());
    if (checked) return "";
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
    return checked.error().message;
  }
};

TEST_F(ChecksumsTest, WithoutTheFileAllIsRight) { EXPECT_TRUE(VerifyChecksums(root())); }

TEST_F(ChecksumsTest, EverySumThatMatchesIsRight) {
  Write("model.onnx", "abc");
  Write("data/a", "");
  Write("large", std::string(1'000'000, 'a'));
  EXPECT_EQ(Problems(kAbc + "  model.onnx\n" + kNothing + " *./data/a\n" + kMillion + "  large"),
            "");
  std::string upper = kAbc;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  EXPECT_EQ(Problems(upper + "  model.onnx\n"), "");
}

TEST_F(ChecksumsTest, EveryFileThatDiffersOrIsMissingIsNamed) {
  Write("model.onnx", "abd");
  Write("other", "abc");
  const std::string problems =
      Problems(kAbc + "  model.onnx\n" + kAbc + "  other\n" + kAbc + "  gone\n");
  EXPECT_THAT(problems, HasSubstr((root() / "model.onnx").string() + ": has the SHA-256 sum "));
  EXPECT_THAT(problems, HasSubstr("and SHA256SUMS says " + kAbc + "\n"));
  EXPECT_THAT(problems,
              HasSubstr((root() / "gone").string() + ": is in SHA256SUMS and cannot be read"));
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 1);
}

TEST_F(ChecksumsTest, LinesThatAreNoSumsAndFilesOutsideAreRefused) {
  Write("a", "abc");
  for (const std::string& line :
       {std::string("half"), kAbc, kAbc + " a", kAbc + "  ", "x" + kAbc.substr(1) + "  a",
        kAbc + "  ../a", kAbc + "  /etc/passwd", kAbc + " ?a", std::string()}) {
    EXPECT_THAT(Problems(kAbc + "  a\n" + line + "\n"), HasSubstr("SHA256SUMS:2: expected a sum"))
        << line;
  }
}

TEST_F(ChecksumsTest, AnEmptyListIsHalfCopied) {
  EXPECT_THAT(Problems(""), HasSubstr("SHA256SUMS: lists no file"));
}

}  // namespace
}  // namespace baton::models
