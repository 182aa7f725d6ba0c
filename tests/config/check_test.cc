// What does not go together is told, with where both values came from.
#include "server/config/check.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/file_layer.h"

namespace baton::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Status Checked(const std::string& text) {
  const auto read = ReadText(text, "b.yaml");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  Configuration whole = Defaults();
  if (read) Overlay(*read, whole);
  return CheckWhole(whole);
}

std::string Refused(const std::string& text) {
  const Status checked = Checked(text);
  EXPECT_FALSE(checked) << text;
  return checked ? "" : checked.error().message;
}

TEST(CheckTest, DefaultsGoTogether) { EXPECT_TRUE(Checked("")); }

TEST(CheckTest, ADefaultBudgetIsAtMostTheMaximum) {
  EXPECT_EQ(Refused("budgets: {default: 20s}\n"),
            "b.yaml:1:20: budgets.default: is 20s, expected at most budgets.max, which is 10s "
            "(default)");
  EXPECT_TRUE(Checked("budgets: {default: 10s}\n"));
}

TEST(CheckTest, ListenersHavePortsOfTheirOwn) {
  EXPECT_EQ(Refused("listeners: {http: '127.0.0.1:80', pages: '*:80'}\n"),
            "b.yaml:1:42: listeners.pages: is *:80, expected a port apart from that of "
            "listeners.http, which is 127.0.0.1:80 (b.yaml:1:19)");
  EXPECT_THAT(Refused("listeners: {admin: '127.0.0.1:8082'}\n"), HasSubstr("listeners.pages: is"));
  EXPECT_TRUE(Checked("listeners: {http: '127.0.0.1:0', grpc: '127.0.0.1:0'}\n"));
  EXPECT_TRUE(Checked("listeners: {http: '127.0.0.1:80', grpc: '127.0.0.2:80'}\n"));
  EXPECT_TRUE(Checked("listeners: {admin: off, pages: off, grpc: off}\n"));
}

TEST(CheckTest, ThereIsRoomForABody) {
  const std::string refused = Refused("limits: {body_bytes: 512MiB}\n");
  EXPECT_THAT(refused, HasSubstr("default: limits.held_bytes: is 256MiB, expected at least "
                                 "limits.body_bytes, which is 512MiB (b.yaml:1:22)"));
  EXPECT_THAT(refused, HasSubstr("limits.queued_bytes: is 256MiB"));
}

TEST(CheckTest, MinimumSharesFitIntoThePool) {
  EXPECT_THAT(Refused("workers: 2\nendpoints: {m: {min_workers: 3}}\n"),
              HasSubstr("b.yaml:2:30: endpoints.m.min_workers: is 3, expected at most workers, of "
                        "which there are 2 (b.yaml:1:10)"));
  EXPECT_TRUE(Checked("workers: 3\nendpoints: {m: {min_workers: 3}}\n"));
  EXPECT_TRUE(Checked("endpoints: {m: {min_workers: 3}}\n"));
}

TEST(CheckTest, NoEndpointFallsBackToItself) {
  EXPECT_THAT(Refused("endpoints: {m: {fallback: {kind: model, model: m}}}\n"),
              HasSubstr("endpoints.m.fallback.model: is 'm' itself, expected another endpoint"));
}

TEST(CheckTest, TheAdminPlaneIsOpenToOtherMachinesOnlyBehindTlsAndAKey) {
  const std::string tls = "tls: {admin: {certificate: a, key: b}}\n";
  const std::string clients = "tls: {admin: {certificate: a, key: b, client_ca: c}}\n";
  const std::string tokens = "admin: {token_file: t}\n";
  for (const std::string address : {"'*:9'", "'10.0.0.7:9'", "'[::]:9'", "'0.0.0.0:9'"}) {
    const std::string open = "listeners: {admin: " + address + "}\n";
    for (const std::string& keys : {std::string(), tls, tokens}) {
      EXPECT_THAT(Refused(open + keys),
                  AllOf(HasSubstr("b.yaml:1:20: listeners.admin: is "),
                        HasSubstr("which other machines may reach: expected a loopback address")));
    }
    EXPECT_TRUE(Checked(open + clients)) << address;
    EXPECT_TRUE(Checked(open + tls + tokens)) << address;
  }
  for (const std::string address : {"'127.0.0.1:9'", "'127.1.2.3:9'", "'[::1]:9'", "off"}) {
    EXPECT_TRUE(Checked("listeners: {admin: " + address + "}\n")) << address;
  }
}

TEST(CheckTest, ACertificateAndItsKeyGoTogether) {
  EXPECT_EQ(Refused("tls: {http: {certificate: a.crt}}\n"),
            "b.yaml:1:27: tls.http.certificate: is given, expected tls.http.key, too");
  EXPECT_EQ(Refused("tls: {pages: {key: a.key}}\n"),
            "b.yaml:1:20: tls.pages.key: is given, expected tls.pages.certificate, too");
  EXPECT_THAT(Refused("tls: {http: {client_ca: ca.crt}}\n"),
              HasSubstr("tls.http.client_ca: is given, expected tls.http.certificate, too"));
  EXPECT_TRUE(Checked("tls: {http: {certificate: a.crt, key: a.key}}\n"));
  EXPECT_TRUE(Checked("tls: {pages: {certificate: a.crt, key: a.key, client_ca: ca.crt}}\n"));
}

TEST(CheckTest, EverythingIsToldAtOnce) {
  const std::string refused = Refused(
      "budgets: {default: 20s}\nlimits: {body_bytes: 512MiB}\nlisteners: {http: '0.0.0.0:9000'}\n");
  for (const char* const part : {"budgets.default", "held_bytes", "queued_bytes", "grpc"}) {
    EXPECT_THAT(refused, HasSubstr(part));
  }
}

}  // namespace
}  // namespace baton::config
