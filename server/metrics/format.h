// The two forms in which a scrape may be answered.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::metrics {

enum class Format : std::uint8_t {
  kText,         // Prometheus' text format 0.0.4
  kOpenMetrics,  // OpenMetrics 1.0, with units and exemplars
};

constexpr std::string_view ContentTypeOf(Format format) {
  return format == Format::kText ? "text/plain; version=0.0.4; charset=utf-8"
                                 : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

}  // namespace baton::metrics
