// Three headers.
#include "server/pages/site_check.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>

namespace baton::pages {
namespace {

bool AreEqual(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&lower](char a, char b) { return lower(a) == lower(b); });
}

std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool IsOurs(std::string_view host, const Site& site) {
  const std::string_view name = WithoutPort(host);
  if (IsIpLiteral(name) || AreEqual(name, "localhost")) return true;
  return std::any_of(site.names.begin(), site.names.end(),
                     [name](const std::string& one) { return AreEqual(one, name); });
}

std::string Quoted(std::string_view text) { return "'" + std::string(text.substr(0, 200)) + "'"; }

}  // namespace

bool IsIpLiteral(std::string_view host) {
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string text(is_bracketed ? host.substr(1, host.size() - 2) : host);
  if (text.find('\0') != text.npos) return false;
  in6_addr address{};
  return ::inet_pton(is_bracketed ? AF_INET6 : AF_INET, text.c_str(), &address) == 1;
}

std::optional<std::string> RefuseOtherNames(const http::Request& request, const Site& site) {
  for (const std::string_view name : {"Host", "Origin", "Sec-Fetch-Site"}) {
    if (request.Header(name, 1)) return "the header " + std::string(name) + " is there twice";
  }
  if (!request.target.starts_with('/')) return "expected a path as the target of the request";
  const std::string_view host = request.Header("Host").value_or("");
  if (site.is_loopback && !IsOurs(host, site)) {
    return "the Host " + Quoted(host) +
           " is no name of this listener; expected an address, localhost, or one of "
           "admin.host_names";
  }
  return std::nullopt;
}

std::optional<std::string> RefuseOtherSites(const http::Request& request, const Site& site) {
  if (auto other = RefuseOtherNames(request, site)) return other;
  const std::string_view host = request.Header("Host").value_or("");
  const auto fetch_site = request.Header("Sec-Fetch-Site");
  if (fetch_site && *fetch_site != "same-origin" && *fetch_site != "none") {
    return "a page of another site asks (Sec-Fetch-Site: " + Quoted(*fetch_site) + ")";
  }
  const auto origin = request.Header("Origin");
  const std::string own = (site.is_secured ? "https://" : "http://") + std::string(host);
  if (origin && !AreEqual(*origin, own)) {
    return "a page of another site asks (Origin: " + Quoted(*origin) + ", expected '" + own + "')";
  }
  return std::nullopt;
}

}  // namespace baton::pages
