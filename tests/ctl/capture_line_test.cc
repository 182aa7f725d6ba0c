// Captured requests as lines of JSON, whatever clients have sent.
#include "admin/ctl/capture_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::ctl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

admin::v1::CapturedRequest Request(const std::string& body) {
  admin::v1::CapturedRequest request;
  request.set_endpoint("endpoints//test/sleep");
  request.set_protocol(admin::v1::CAPTURE_PROTOCOL_HTTP);
  request.set_method("POST");
  request.set_target("/test/sleep");
  auto& header = *request.add_headers();
  header.set_name("Content-Type");
  header.set_value("a\"b");
  request.set_body(body);
  request.set_body_bytes(body.size());
  return request;
}

TEST(CaptureLineTest, TextStaysText) {
  const std::string line = CaptureLine(Request("{\"ms\": 1}\n"));
  EXPECT_THAT(line, HasSubstr(R"("body":"{\"ms\": 1}\n")"));
  EXPECT_THAT(line, HasSubstr(R"("headers":[["Content-Type","a\"b"]])"));
  EXPECT_THAT(line, HasSubstr(R"("endpoint":"/test/sleep")"));
  EXPECT_THAT(line, HasSubstr(R"("is_whole":true)"));
  EXPECT_THAT(line, EndsWith("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(CaptureLineTest, BytesThatAreNoTextAreEncoded) {
  EXPECT_THAT(CaptureLine(Request("\xff")), HasSubstr(R"("body_base64":"/w==")"));
  EXPECT_THAT(CaptureLine(Request("\xff\xfe")), HasSubstr(R"("body_base64":"//4=")"));
  EXPECT_THAT(CaptureLine(Request("\xff\xfe\xfd")), HasSubstr(R"("body_base64":"//79")"));
  EXPECT_THAT(CaptureLine(Request("\xff\xfe\xfd\x01")), HasSubstr(R"("body_base64":"//79AQ==")"));
}

TEST(CaptureLineTest, ABodyThatWasCutOrNotThereSaysSo) {
  EXPECT_THAT(CaptureLine(Request("")), Not(HasSubstr("\"body\"")));
  auto cut = Request("abc");
  cut.set_body_bytes(5);
  EXPECT_THAT(CaptureLine(cut), HasSubstr(R"("body_bytes":5,"is_whole":false)"));
}

TEST(CaptureLineTest, TheSummarySaysWhyItEndedAndWhatIsMissing) {
  admin::v1::CaptureProgress progress;
  progress.set_kept(2);
  progress.set_kept_bytes(300);
  progress.set_ended(admin::v1::CAPTURE_END_REQUESTS);
  EXPECT_EQ(CaptureSummary(progress), "kept 2 requests (300 bytes); as many as were asked for");
  progress.set_left_out(7);
  progress.set_unanswered(1);
  EXPECT_EQ(
      CaptureSummary(progress),
      "kept 2 requests (300 bytes); as many as were asked for; 1 had no answer yet, and are not "
      "there; 7 came when no more could be kept");
}

}  // namespace
}  // namespace baton::ctl
