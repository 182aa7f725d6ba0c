// Who reaches the pages may not reach the data plane: then it takes a key.
#include "server/app/make_pages_options.h"

#include <algorithm>
#include <utility>

namespace baton::app {
namespace {

std::string WhyNoData(const ServerOptions& options) {
  if (!options.http_tls.client_ca.empty()) {
    return "clients of the data plane show a certificate (tls.http.client_ca), which these pages "
           "cannot";
  }
  if (options.pages.IsLoopback()) return "";
  const bool has_keys = !options.api_keys.empty();
  if (has_keys && options.pages_tls.IsOn()) return "";
  return "predictions are asked for from these pages on loopback, or over TLS where clients need "
         "API keys: expected --pages on a loopback address, or --pages-tls-certificate, "
         "--pages-tls-key and --api-keys";
}

// The one with the fewest connections gets the next.
Conductor& LeastBusy(const std::vector<std::unique_ptr<Conductor>>& conductors) {
  return **std::min_element(
      conductors.begin(), conductors.end(),
      [](const auto& one, const auto& other) { return one->connections() < other->connections(); });
}

}  // namespace

pages::Site SiteOf(const ServerOptions& options) {
  return {options.pages.IsLoopback(), options.pages_tls.IsOn(), options.admin_door.host_names};
}

pages::PagesServer::Options MakePagesOptions(
    const ServerOptions& options, control::StatusFeed& feed,
    const std::vector<control::ListenerState>& listeners,
    const std::vector<std::unique_ptr<Conductor>>& conductors) {
  pages::PagesServer::Options made;
  made.site = SiteOf(options);
  made.feed = &feed;
  made.bring = [&conductors](UniqueFd fd) { LeastBusy(conductors).Bring(std::move(fd)); };
  made.no_data = WhyNoData(options);
  for (const control::ListenerState& one : listeners) {
    if (one.name == "http") {
      made.data_plane = (options.http_tls.IsOn() ? "https://" : "http://") + one.address;
    }
  }
  return made;
}

}  // namespace baton::app
