// What an answer may tell a load balancer of this server: an ORCA load report
// (xds.data.orca.v3.OrcaLoadReport), on request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"

namespace baton::api {

enum class LoadFormat : std::uint8_t { kNone, kText, kJson, kBinary };

// The header, and the metadata, that asks for a report, and that carries it. Over gRPC a binary one
// goes by the last name.
inline constexpr std::string_view kLoadFormatHeader = "endpoint-load-metrics-format";
inline constexpr std::string_view kLoadHeader = "endpoint-load-metrics";
inline constexpr std::string_view kBinaryLoadHeader = "endpoint-load-metrics-bin";

// "text", "json" or "bin" in any case; anything else asks for nothing.
LoadFormat ReadLoadFormat(std::string_view asked);

struct LoadReport {
  double cpu_utilization = 0;          // of the cores that the process may use; may exceed 1
  double application_utilization = 0;  // of the workers
  double requests_per_second = 0;      // that were answered
  double errors_per_second = 0;        // of these, refused, timed out or failed
  // Of the endpoint that was asked.
  std::uint64_t waiting = 0;               // requests that wait for a worker
  std::optional<Duration> predicted_wait;  // of this request, where admission predicted one
};

// What a request asked to be told beside the answer: the predicted wait, and a report, or none.
struct LoadHint {
  LoadFormat format = LoadFormat::kNone;
  LoadReport report;
};

// The report with its format in front: "TEXT cpu_utilization=0.3, ...", "JSON {...}" or "BIN "
// and base64. Requires: format is not kNone.
std::string LoadText(const LoadReport& report, LoadFormat format);
// The protobuf message.
std::string LoadBytes(const LoadReport& report);

// Header lines of an answer: Baton-Predicted-Wait-Ms where there is one, and
// endpoint-load-metrics.
void AppendLoadHint(std::string& headers, const LoadHint& hint);

}  // namespace baton::api
