// Who is let in to what, by what a call shows.
#include "admin/service/admin_door.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::admin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Reason = Denied::Reason;

constexpr char kGet[] = "/baton.admin.v1.AdminService/GetPool";
constexpr char kUpdate[] = "/baton.admin.v1.AdminService/UpdatePool";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

std::optional<AdminDoor::Holder> FindHolder(std::string_view authorization) {
  if (authorization == "Bearer baton_root") return AdminDoor::Holder{"alice", true};
  if (authorization == "Bearer baton_look") return AdminDoor::Holder{"grafana", false};
  return std::nullopt;
}

class AdminDoorTest : public testing::Test {
 protected:
  AdminDoorTest() {
    door_.AddMetrics(registry_);
    static_cast<void>(v1::Pool::descriptor());  // links the schema in
  }

  static Visitor Local() { return {"ipv4:127.0.0.1:5", false, "", {}}; }
  static Visitor Socket() { return {"unix:", true, "", {}}; }
  static Visitor With(std::string_view authorization) {
    return {"ipv4:127.0.0.1:5", false, authorization, {}};
  }
  static Visitor Certified(std::vector<std::string> names) {
    return {"ipv4:10.0.0.7:5", false, "", std::move(names)};
  }
  static std::string NameOf(AdminDoor& door, const Visitor& visitor, std::string_view method) {
    const auto caller = door.Admit(visitor, method);
    return caller ? caller->name : "denied: " + caller.error().message;
  }
  static std::optional<Reason> ReasonOf(AdminDoor& door, const Visitor& visitor,
                                        std::string_view method) {
    const auto caller = door.Admit(visitor, method);
    return caller ? std::nullopt : std::optional(caller.error().reason);
  }
  double Counted(const std::string& reason) const {
    const std::string line = "baton_admin_denied_total{reason=\"" + reason + "\"} ";
    const std::string text = registry_.Expose();
    return std::stod(text.substr(text.find(line) + line.size()));
  }

  metrics::Registry registry_;
  ManualClock clock_;
  AdminDoor door_{{&FindHolder, {}}, clock_};
  AdminDoor certificates_{{nullptr, {"ci", "dash.example"}}, clock_};
};

TEST_F(AdminDoorTest, WithoutTokensEverybodyIsAnOperatorWithoutAName) {
  EXPECT_EQ(NameOf(certificates_, Local(), kUpdate), "");
  EXPECT_EQ(certificates_.Admit(Local(), kUpdate)->from, "ipv4:127.0.0.1:5");
}

TEST_F(AdminDoorTest, ATokenSaysWhoCalls) {
  EXPECT_EQ(NameOf(door_, With("Bearer baton_root"), kUpdate), "alice");
  EXPECT_EQ(NameOf(door_, With("Bearer baton_look"), kGet), "grafana");
  EXPECT_EQ(door_.CallerOf(With("Bearer baton_root")).ToText(), "alice from ipv4:127.0.0.1:5");
}

TEST_F(AdminDoorTest, NoTokenAndAWrongOneAreDeniedWithoutRepeatingIt) {
  EXPECT_EQ(ReasonOf(door_, Local(), kGet), Reason::kNoToken);
  for (const char* const wrong :
       {"Bearer baton_other", "Bearer ", "Bearer", "baton_root", "Basic baton_root", "b"}) {
    const auto caller = door_.Admit(With(wrong), kHealth);
    ASSERT_FALSE(caller) << wrong;
    EXPECT_EQ(caller.error().reason, Reason::kWrongToken) << wrong;
    EXPECT_TRUE(caller.error().is_unknown());
    EXPECT_THAT(caller.error().message, Not(HasSubstr("baton_")));
  }
  EXPECT_EQ(Counted("no_token"), 1);
  EXPECT_EQ(Counted("wrong_token"), 6);
}

TEST_F(AdminDoorTest, AViewerMayCallWhatTheSchemaSaysChangesNothing) {
  const Visitor viewer = With("Bearer baton_look");
  for (const char* const free : {kGet, kHealth, "/baton.admin.v1.AdminService/GetStatus",
                                 "/baton.admin.v1.AdminService/GetConfig",
                                 "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(NameOf(door_, viewer, free), "grafana") << free;
  }
  for (const char* const not_free :
       {kUpdate, "/baton.admin.v1.AdminService/ReloadConfig",
        "/baton.admin.v1.AdminService/LoadModel", "/baton.admin.v1.AdminService/NoSuchMethod",
        "/baton.admin.v1.AdminService/", "/baton.admin.v2.AdminService/GetPool"}) {
    EXPECT_EQ(ReasonOf(door_, viewer, not_free), Reason::kViewer) << not_free;
  }
  EXPECT_THAT(NameOf(door_, viewer, kUpdate),
              AllOf(HasSubstr("grafana is a viewer"), HasSubstr("UpdatePool is for operators")));
  EXPECT_EQ(Counted("viewer"), 7);
}

TEST_F(AdminDoorTest, TheUnixSocketNeedsNoToken) {
  EXPECT_EQ(NameOf(door_, Socket(), kUpdate), "unix");
  EXPECT_EQ(NameOf(certificates_, Socket(), kUpdate), "unix");
}

TEST_F(AdminDoorTest, ACertificateSaysWhoCallsAndAnyOfItsNamesMayMakeItAViewer) {
  EXPECT_EQ(NameOf(certificates_, Certified({"alice", "alice.example"}), kUpdate), "alice");
  EXPECT_EQ(NameOf(certificates_, Certified({"ci"}), kGet), "ci");
  EXPECT_EQ(ReasonOf(certificates_, Certified({"ci"}), kUpdate), Reason::kViewer);
  EXPECT_EQ(ReasonOf(certificates_, Certified({"d", "dash.example"}), kUpdate), Reason::kViewer);
}

TEST_F(AdminDoorTest, WhereTokensAreAskedForACertificateReplacesNone) {
  EXPECT_EQ(ReasonOf(door_, Certified({"alice"}), kGet), Reason::kNoToken);
  Visitor both = Certified({"somebody"});
  both.authorization = "Bearer baton_look";
  EXPECT_EQ(NameOf(door_, both, kGet), "grafana");
  EXPECT_EQ(ReasonOf(door_, both, kUpdate), Reason::kViewer);
}

}  // namespace
}  // namespace baton::admin
