#include "server/trace/http_post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::trace {
namespace {

using testing::HasSubstr;

TEST(HttpPostTest, TakesAddressesOfTheWeb) {
  for (const char* url : {"http://127.0.0.1:4318/v1/traces", "https://otel.example.org/v1/traces",
                          "http://[::1]:4318/v1/traces"}) {
    EXPECT_TRUE(CheckUrl(url)) << url;
  }
}

TEST(HttpPostTest, RefusesWhatIsNone) {
  for (const char* url : {"", "127.0.0.1:4318", "file:///etc/passwd", "ftp://x/", "http://",
                          "http://a b/", "http://x:99999/"}) {
    const Status checked = CheckUrl(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_THAT(checked.error().message, HasSubstr("http://127.0.0.1:4318/v1/traces"));
  }
}

TEST(HttpPostTest, APasswordIsNoPartOfAnAddress) {
  for (const char* url : {"http://me:secret@x/v1/traces", "http://me:secret@x/",
                          "me:secret@x/v1/traces", "http://me:secret@x:99999/"}) {
    const Status checked = CheckUrl(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().message.find("secret"), std::string::npos) << url;
  }
}

TEST(HttpPostTest, AnAddressHasAPath) {
  for (const char* url : {"http://x:4318", "http://x:4318/", "https://x?a=b"}) {
    const Status checked = CheckUrl(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_THAT(checked.error().message, HasSubstr("usually it is /v1/traces"));
  }
}

// Nobody listens on port 1, and no time is left.
TEST(HttpPostTest, SaysWhyThereWasNoAnswer) {
  const auto post = MakeHttpPost({"http://127.0.0.1:1/v1/traces", "", {}});
  const PostAnswer answer = post->Send("{}", 10s);
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.error, "");
  post->Hurry(Duration::zero());
  EXPECT_EQ(post->Send("{}", 10s).error, "there was no time left");
}

}  // namespace
}  // namespace baton::trace
