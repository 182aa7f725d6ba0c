// The forms of a load report, as balancers read them.
#include "server/api/load_report.h"

#include <string>

#include <gmock/gmock.h>

namespace baton::api {
namespace {

LoadReport Busy() {
  LoadReport report;
  report.cpu_utilization = 0.25;
  report.application_utilization = 1.0 / 3;
  report.requests_per_second = 1234567;
  report.errors_per_second = 0;
  report.waiting = 3;
  report.predicted_wait = 12'500us;
  return report;
}

TEST(LoadReportTest, TheFormatIsTakenInAnyCase) {
  EXPECT_EQ(ReadLoadFormat("text"), LoadFormat::kText);
  EXPECT_EQ(ReadLoadFormat("JSON"), LoadFormat::kJson);
  EXPECT_EQ(ReadLoadFormat("Bin"), LoadFormat::kBinary);
  for (const char* asked : {"", "xml", "text,json", "binary"}) {
    EXPECT_EQ(ReadLoadFormat(asked), LoadFormat::kNone) << asked;
  }
}

TEST(LoadReportTest, TextIsAListOfPairs) {
  EXPECT_EQ(LoadText(Busy(), LoadFormat::kText),
            "TEXT cpu_utilization=0.25, application_utilization=0.333333, "
            "rps_fractional=1.23457e+06, eps=0, named_metrics.waiting_requests=3, "
            "named_metrics.predicted_wait_seconds=0.0125");
}

TEST(LoadReportTest, JsonHasTheNamedOnesInAMap) {
  LoadReport report = Busy();
  report.predicted_wait.reset();
  EXPECT_EQ(
      LoadText(report, LoadFormat::kJson),
      R"(JSON {"cpu_utilization": 0.25, "application_utilization": 0.333333, )"
      R"("rps_fractional": 1.23457e+06, "eps": 0, "named_metrics": {"waiting_requests": 3}})");
}

// By the encoding of protocol buffers; protobuf itself reads it in tests/e2e.
TEST(LoadReportTest, BinaryIsTheMessageInBase64) {
  LoadReport report;
  report.errors_per_second = 2;
  const std::string bytes = LoadBytes(report);
  const std::string zero(8, '\0');
  EXPECT_EQ(bytes, "\x09" + zero + "\x49" + zero + "\x31" + zero + "\x39" + zero.substr(0, 7) +
                       "\x40" + "\x42\x1b\x0a\x10" + "waiting_requests" + "\x11" + zero);
  EXPECT_EQ(LoadText(report, LoadFormat::kBinary),
            "BIN CQAAAAAAAAAASQAAAAAAAAAAMQAAAAAAAAAAOQAAAAAAAABAQhsKEHdhaXRpbmdfcmVxdWVzdHMR"
            "AAAAAAAAAAA=");
}

TEST(LoadReportTest, HeadersHaveWhatWasAskedFor) {
  LoadHint hint;
  std::string headers;
  AppendLoadHint(headers, hint);
  EXPECT_EQ(headers, "");
  hint.report.predicted_wait = 2500us;
  AppendLoadHint(headers, hint);
  EXPECT_EQ(headers, "Baton-Predicted-Wait-Ms: 2.5\r\n");
  hint.format = LoadFormat::kText;
  hint.report.predicted_wait.reset();
  headers.clear();
  AppendLoadHint(headers, hint);
  EXPECT_THAT(headers, ::testing::StartsWith("endpoint-load-metrics: TEXT cpu_utilization=0, "));
}

}  // namespace
}  // namespace baton::api
