// Which file has which path.
#include "server/pages/site.h"

#include <algorithm>
#include <array>

namespace baton::pages {
namespace {

struct File {
  std::string_view path;
  std::string_view name;
  std::string_view content_type;
};

constexpr std::string_view kScript = "text/javascript; charset=utf-8";

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kJson = "application/json";

constexpr std::array kFiles = {
    File{"/api", "api.html", kHtml},
    File{"/api.js", "api.js", kScript},
    File{"/baton.css", "baton.css", "text/css; charset=utf-8"},
    File{"/common.js", "common.js", kScript},
    File{"/icon.svg", "icon.svg", "image/svg+xml"},
    File{"/live.js", "live.js", kScript},
    File{"/playground", "playground.html", kHtml},
    File{"/playground.js", "playground.js", kScript},
    File{"/samples/digits.json", "digits.rows.json", kJson},
    File{"/samples/tumour.json", "tumour.rows.json", kJson},
    File{"/samples/tumour_logistic.json", "tumour_logistic.rows.json", kJson},
};

}  // namespace

std::optional<http::Response> SiteFile(std::string_view path) {
  const auto* const found = std::find_if(kFiles.begin(), kFiles.end(),
                                         [path](const File& file) { return file.path == path; });
  if (found == kFiles.end()) return std::nullopt;
  http::Response response;
  response.content_type = found->content_type;
  response.fixed_body = SiteText(found->name);
  return response;
}

}  // namespace baton::pages
