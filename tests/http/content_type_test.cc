// Extensions onto media types.
#include "server/http/content_type.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

TEST(ContentTypeTest, TheExtensionDecidesInAnyCase) {
  EXPECT_EQ(ContentTypeOf("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("a/b/PHOTO.JPeG"), "image/jpeg");
  EXPECT_EQ(ContentTypeOf("model.tar.gz"), "application/gzip");
  EXPECT_EQ(ContentTypeOf("data.json"), "application/json");
}

TEST(ContentTypeTest, WhatIsNotKnownIsBytes) {
  for (const char* name : {"README", "a.unknown", "a.", "a.b/c", "", "html", "a.html.x"}) {
    EXPECT_EQ(ContentTypeOf(name), "application/octet-stream") << name;
  }
}

}  // namespace
}  // namespace baton::http
