// Statuses and headers of the answers about files.
#include "server/http/file_response.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/file_request.h"

namespace baton::http {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::time_t kNow = 1'800'000'000;

FoundFile Found(std::uint64_t size = 1000) {
  FoundFile found;
  found.file = std::make_shared<const UniqueFd>();
  found.inode = 7;
  found.size = size;
  found.modified = {784'111'777, 123'456'789};
  return found;
}

Response Respond(const std::string& headers, const std::string& method = "GET") {
  return MakeFileResponse(Ask("/", headers, method), Found(), "a.txt", kNow);
}

TEST(FileResponseTest, AFileComesWholeWithItsTypeAndItsValidators) {
  const Response response = Respond("");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  ASSERT_TRUE(response.file);
  EXPECT_EQ(response.file->offset, 0u);
  EXPECT_EQ(response.file->size, 1000u);
  EXPECT_THAT(response.headers, HasSubstr("ETag: " + EntityTag(Found()) + "\r\n"));
  EXPECT_THAT(response.headers, HasSubstr("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_THAT(response.headers, HasSubstr("Accept-Ranges: bytes\r\n"));
  EXPECT_THAT(response.headers, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(response.headers, Not(HasSubstr("Content-Range")));
}

TEST(FileResponseTest, APartSaysWhichItIs) {
  const Response response = Respond("Range: bytes=-100\r\n");
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  ASSERT_TRUE(response.file);
  EXPECT_EQ(response.file->offset, 900u);
  EXPECT_EQ(response.file->size, 100u);
  EXPECT_THAT(response.headers, HasSubstr("Content-Range: bytes 900-999/1000\r\n"));
  EXPECT_THAT(response.headers, HasSubstr("ETag: "));
}

TEST(FileResponseTest, ARangeBehindTheEndIsToldTheSize) {
  const Response response = Respond("Range: bytes=1000-\r\n");
  EXPECT_EQ(response.status, 416);
  EXPECT_FALSE(response.file);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.body, HasSubstr("\"error\""));
  EXPECT_THAT(response.headers, HasSubstr("Content-Range: bytes */1000\r\n"));
}

TEST(FileResponseTest, WhatHasNotChangedHasItsValidatorsAndNoBody) {
  const Response response = Respond("If-None-Match: " + EntityTag(Found()) + "\r\n");
  EXPECT_EQ(response.status, 304);
  EXPECT_FALSE(response.file);
  EXPECT_EQ(response.body, "");
  EXPECT_THAT(response.headers, HasSubstr("ETag: " + EntityTag(Found()) + "\r\n"));
  EXPECT_THAT(response.headers, HasSubstr("Last-Modified: "));
}

TEST(FileResponseTest, AFailedPreconditionIsSaid) {
  const Response response = Respond("If-Match: \"other\"\r\n");
  EXPECT_EQ(response.status, 412);
  EXPECT_FALSE(response.file);
  EXPECT_THAT(response.body, HasSubstr("If-Match"));
}

TEST(FileResponseTest, PreconditionsComeBeforeTheRange) {
  EXPECT_EQ(Respond("Range: bytes=2000-\r\nIf-None-Match: *\r\n").status, 304);
  EXPECT_EQ(Respond("Range: bytes=2000-\r\nIf-Match: \"other\"\r\n").status, 412);
}

TEST(FileResponseTest, ARangeOfAnotherVersionIsTheWholeFile) {
  EXPECT_EQ(Respond("Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
  EXPECT_EQ(Respond("Range: bytes=0-1\r\nIf-Range: " + EntityTag(Found()) + "\r\n").status, 206);
  EXPECT_EQ(Respond("Range: bytes=2000-\r\nIf-Range: \"other\"\r\n").status, 200);
}

TEST(FileResponseTest, ARangeCountsForGetAloneAndOnce) {
  EXPECT_EQ(Respond("Range: bytes=0-1\r\n", "HEAD").status, 200);
  EXPECT_EQ(Respond("Range: bytes=0-1\r\nRange: bytes=0-1\r\n").status, 200);
}

TEST(FileResponseTest, ALastChangeInTheFutureIsNow) {
  const Response response =
      MakeFileResponse(Ask("/"), Found(), "a.txt", Found().modified.tv_sec - 10);
  EXPECT_THAT(response.headers, HasSubstr("Last-Modified: Sun, 06 Nov 1994 08:49:27 GMT\r\n"));
}

TEST(EntityTagTest, EveryDifferenceMakesAnother) {
  const std::string tag = EntityTag(Found());
  EXPECT_THAT(tag, testing::MatchesRegex("\"[0-9a-f]+-[0-9a-f]+\""));
  FoundFile other = Found(1001);
  EXPECT_NE(EntityTag(other), tag);
  other = Found();
  other.inode = 8;
  EXPECT_NE(EntityTag(other), tag);
  other = Found();
  ++other.modified.tv_nsec;
  EXPECT_NE(EntityTag(other), tag);
  EXPECT_EQ(EntityTag(Found()), tag);
}

}  // namespace
}  // namespace baton::http
