// The metric families of gzip.
#include "server/http/gzip_counts.h"

#include <string>

namespace baton::http {

std::shared_ptr<GzipCounts> GzipCounts::Make(metrics::Registry& registry) {
  auto counts = std::make_shared<GzipCounts>();
  using Counter = std::atomic<std::uint64_t>;
  const auto add = [&](const std::string& name, const std::string& help,
                       const metrics::Labels& labels, Counter GzipCounts::*counter) {
    registry.AddCounterFunction(
        name, help, labels, [counts, counter] { return static_cast<double>(*counts.*counter); });
  };
  const auto add_bytes = [&](const std::string& direction, const std::string& form,
                             Counter GzipCounts::*counter) {
    add("baton_http_gzip_bytes_total",
        "Bytes of bodies that were expanded, and of answers that were compressed, whether they "
        "left in time or not: as gzip, and as what it stands for.",
        {{"direction", direction}, {"form", form}}, counter);
  };
  const auto add_refused = [&](const std::string& reason, Counter GzipCounts::*counter) {
    add("baton_http_gzip_refused_total",
        "Bodies that came as gzip and could not be expanded, or not within the bound.",
        {{"reason", reason}}, counter);
  };
  add_bytes("received", "gzip", &GzipCounts::received_gzip_bytes);
  add_bytes("received", "plain", &GzipCounts::received_plain_bytes);
  add_bytes("sent", "gzip", &GzipCounts::sent_gzip_bytes);
  add_bytes("sent", "plain", &GzipCounts::sent_plain_bytes);
  add_refused("too_large", &GzipCounts::too_large);
  add_refused("corrupt", &GzipCounts::corrupt);
  return counts;
}

}  // namespace baton::http
