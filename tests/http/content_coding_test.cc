// Which codings a request brings and takes.
#include "server/http/content_coding.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/make_request.h"

namespace baton::http {
namespace {

using testing::HasSubstr;

Request RequestOf(const std::string& name, const std::vector<std::string>& values) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const std::string& value : values) headers.emplace_back(name, value);
  return RequestWith(headers);
}

using Values = std::vector<std::string>;

TEST(ContentCodingTest, ABodyIsGzipWhereThatIsItsOnlyCoding) {
  const std::vector<std::pair<Values, bool>> table = {
      {{}, false},
      {{""}, false},
      {{"identity"}, false},
      {{"Identity, IDENTITY"}, false},
      {{","}, false},
      {{"gzip"}, true},
      {{"GZip"}, true},
      {{"x-gzip"}, true},
      {{"identity, gzip"}, true},
      {{"gzip ,\tidentity"}, true},
      {{", gzip,,"}, true},
      {{"identity", "gzip"}, true},
  };
  for (const auto& [values, is_gzip] : table) {
    const auto read = IsGzipBody(RequestOf("content-encoding", values));
    ASSERT_TRUE(read.has_value()) << testing::PrintToString(values);
    EXPECT_EQ(*read, is_gzip) << testing::PrintToString(values);
  }
}

TEST(ContentCodingTest, EveryOtherCodingIsNamedAndSoIsWhatIsTaken) {
  const std::vector<std::pair<Values, std::string>> table = {
      {{"deflate"}, "'deflate'"},
      {{"br"}, "'br'"},
      {{"zstd"}, "'zstd'"},
      {{"gzip, gzip"}, "'gzip'"},
      {{"gzip", "x-gzip"}, "'x-gzip'"},
      {{"gzip, br"}, "'br'"},
      {{"br, gzip"}, "'br'"},
      {{"gzip;q=1"}, "'gzip;q=1'"},
      {{"gzip identity"}, "'gzip identity'"},
      {{std::string(200, 'x')}, std::string(64, 'x') + "..."},
  };
  for (const auto& [values, quoted] : table) {
    const auto read = IsGzipBody(RequestOf("Content-Encoding", values));
    ASSERT_FALSE(read.has_value()) << testing::PrintToString(values);
    EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(read.error().message, HasSubstr(quoted));
    EXPECT_THAT(read.error().message, HasSubstr("expected none, or gzip once"));
  }
}

TEST(ContentCodingTest, GzipIsTakenWhereItIsAskedForAndNoWorseThanIdentity) {
  const std::vector<std::pair<Values, bool>> table = {
      {{}, false},
      {{""}, false},
      {{"gzip"}, true},
      {{"X-GZIP"}, true},
      {{"deflate, gzip, br, zstd"}, true},
      {{"deflate", "gzip"}, true},
      {{"deflate, br"}, false},
      {{"identity"}, false},
      {{"*"}, true},
      {{"*;q=0"}, false},
      {{"gzip;q=0"}, false},
      {{"gzip;q=0, *"}, false},
      {{"*;q=0, gzip;q=0.001"}, true},
      {{"gzip;q=0.000"}, false},
      {{"gzip ; Q=1.000"}, true},
      {{"gzip;q=1."}, true},
      {{"identity;q=0.5, gzip;q=0.4"}, false},
      {{"identity;q=0.5, gzip;q=0.5"}, true},
      {{"gzip;q=0.5, identity;q=0"}, true},
      {{"identity, *;q=0.5"}, false},
  };
  for (const auto& [values, is_taken] : table) {
    EXPECT_EQ(TakesGzip(RequestOf("Accept-Encoding", values)), is_taken)
        << testing::PrintToString(values);
  }
}

TEST(ContentCodingTest, AMalformedWeightAsksForNothing) {
  for (const std::string value :
       {"2", "1.001", "0.1234", "-1", "", ".5", "0,5", "0.5x", "00", "abc"}) {
    EXPECT_FALSE(TakesGzip(RequestOf("Accept-Encoding", {"gzip;q=" + value}))) << value;
  }
  for (const std::string value : {"gzip;", "gzip;q", "gzip;level=1", "gzip;q=1;q=1"}) {
    EXPECT_FALSE(TakesGzip(RequestOf("Accept-Encoding", {value}))) << value;
  }
}

}  // namespace
}  // namespace baton::http
