// Limits, the log, listeners and connections over a real channel and a fake control port.
#include <string>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "tests/admin/served_fixture.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Code = grpc::StatusCode;

class SettingsServiceTest : public ServedFixture {
 protected:
  grpc::Status Update(const v1::UpdateLimitsRequest& request) {
    grpc::ClientContext context;
    return stub_->UpdateLimits(&context, request, &limits_);
  }
  static v1::UpdateLimitsRequest IdleTime(const std::string& value) {
    v1::UpdateLimitsRequest request;
    (*request.mutable_limits()->mutable_values())["idle_time"] = value;
    return request;
  }
  v1::Limits Get() {
    grpc::ClientContext context;
    v1::Limits limits;
    EXPECT_TRUE(stub_->GetLimits(&context, {}, &limits).ok());
    return limits;
  }

  v1::Limits limits_;
};

TEST_F(SettingsServiceTest, LimitsSayWhatHoldsAndWhatMayBeSaid) {
  const v1::Limits limits = Get();
  EXPECT_EQ(limits.name(), "limits");
  EXPECT_EQ(limits.values().at("idle_time"), "75s");
  EXPECT_EQ(limits.settings(0).expected(), "a duration: 1s to 1h");
  EXPECT_FALSE(limits.settings(0).needs_restart());
  EXPECT_TRUE(limits.settings(1).needs_restart());
  EXPECT_EQ(limits.etag(), "1");
}

TEST_F(SettingsServiceTest, AnUpdateAnswersWithWhatHoldsThen) {
  ASSERT_TRUE(Update(IdleTime("9s")).ok());
  EXPECT_EQ(limits_.values().at("idle_time"), "9s");
  EXPECT_EQ(limits_.generation(), 2U);
  EXPECT_EQ(Get().values().at("idle_time"), "9s");
}

TEST_F(SettingsServiceTest, ValidateOnlyChangesNothing) {
  v1::UpdateLimitsRequest request = IdleTime("9s");
  request.set_validate_only(true);
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(limits_.values().at("idle_time"), "9s");
  EXPECT_EQ(Get().values().at("idle_time"), "75s");
}

TEST_F(SettingsServiceTest, AnUpdateSaysWhatItChangedAndWhatIsDoubtful) {
  v1::UpdateLimitsRequest request = IdleTime("1s");
  request.set_validate_only(true);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Update(request).ok());
    ASSERT_EQ(limits_.changes_size(), 1);
    EXPECT_EQ(limits_.changes(0).field(), "idle_time");
    EXPECT_EQ(limits_.changes(0).before(), "75s");
    EXPECT_EQ(limits_.changes(0).after(), "1s");
    ASSERT_EQ(limits_.warnings_size(), 1);
    EXPECT_EQ(limits_.warnings(0), "tumour: is doubtful");
    request.set_validate_only(false);
  }
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(limits_.changes_size(), 0);  // it was so already
  EXPECT_EQ(Get().warnings_size(), 0);
  const Outcome set = Batonctl({"set", "limits", "idle_time=1s"});
  EXPECT_THAT(set.err, HasSubstr("batonctl: warning: tumour: is doubtful"));
}

TEST_F(SettingsServiceTest, TheMaskSaysWhichValuesAreMeant) {
  v1::UpdateLimitsRequest request = IdleTime("9s");
  (*request.mutable_limits()->mutable_values())["body_bytes"] = "1B";
  EXPECT_EQ(Update(request).error_code(), Code::FAILED_PRECONDITION);
  request.mutable_update_mask()->add_paths("values.idle_time");
  EXPECT_TRUE(Update(request).ok());
  request.mutable_update_mask()->set_paths(0, "values.linger_time");
  EXPECT_THAT(Update(request).error_message(), HasSubstr("expected a value"));
  request.mutable_update_mask()->set_paths(0, "idle_time");
  EXPECT_THAT(Update(request).error_message(), HasSubstr("expected \"values.KEY\""));
  request.mutable_update_mask()->set_paths(0, "*");
  EXPECT_EQ(Update(request).error_code(), Code::FAILED_PRECONDITION);
}

TEST_F(SettingsServiceTest, WhatIsWrongIsRefusedAndChangesNothing) {
  EXPECT_EQ(Update(IdleTime("wrong")).error_code(), Code::INVALID_ARGUMENT);
  EXPECT_EQ(Update({}).error_code(), Code::INVALID_ARGUMENT);
  v1::UpdateLimitsRequest stale = IdleTime("9s");
  stale.mutable_limits()->set_etag("7");
  EXPECT_EQ(Update(stale).error_code(), Code::ABORTED);
  v1::UpdateLimitsRequest other = IdleTime("9s");
  other.mutable_limits()->set_name("logging");
  EXPECT_EQ(Update(other).error_code(), Code::NOT_FOUND);
  EXPECT_EQ(Get().values().at("idle_time"), "75s");
}

TEST_F(SettingsServiceTest, ConnectionsComeInPagesWithWhoDidNotAnswer) {
  v1::ListConnectionsRequest request;
  request.set_page_size(2);
  std::string names;
  int pages = 0;
  do {
    grpc::ClientContext context;
    v1::ListConnectionsResponse page;
    ASSERT_TRUE(stub_->ListConnections(&context, request, &page).ok());
    for (const v1::Connection& one : page.connections()) names += one.name() + " ";
    ASSERT_EQ(page.silent_conductors_size(), 1);
    EXPECT_EQ(page.silent_conductors(0), 1);
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(names,
            "connections/0-1 connections/0-2 connections/0-3 connections/0-4 connections/0-5 ");
  EXPECT_EQ(pages, 3);
}

TEST_F(SettingsServiceTest, NamesOfOtherFormsAreRefused) {
  for (const char* const name :
       {"", "0-1", "connections/", "connections/1", "connections/-1-2", "connections/0-", "x/0-1",
        "connections/0-1-2", "connections/0-99999999999999999999999"}) {
    grpc::ClientContext context;
    v1::CloseConnectionRequest request;
    request.set_name(name);
    v1::Connection connection;
    EXPECT_EQ(stub_->CloseConnection(&context, request, &connection).error_code(),
              Code::INVALID_ARGUMENT)
        << name;
  }
}

TEST_F(SettingsServiceTest, DrainAndResumeAreTheSameTwice) {
  v1::DrainState state;
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->Drain(&context, {}, &state).ok());
    EXPECT_TRUE(state.drained());
    EXPECT_EQ(state.in_flight(), 4U);
    EXPECT_EQ(state.generation(), 2U);
  }
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Resume(&context, {}, &state).ok());
  EXPECT_FALSE(state.drained());
  control_.SetStopping();
  grpc::ClientContext later;
  EXPECT_EQ(stub_->Resume(&later, {}, &state).error_code(), Code::FAILED_PRECONDITION);
}

TEST_F(SettingsServiceTest, BatonctlShowsAndChangesThem) {
  EXPECT_THAT(Batonctl({"get", "limits"}).out,
              AllOf(HasSubstr("idle_time   75s    live            default"),
                    HasSubstr("body_bytes  8MiB   with a restart  default")));
  EXPECT_THAT(Batonctl({"get", "limits", "-o", "wide"}).out, HasSubstr("a duration: 1s to 1h"));
  EXPECT_EQ(Batonctl({"set", "limits", "idle_time=9s"}).out, "limits idle_time: 75s -> 9s\n");
  EXPECT_EQ(Batonctl({"set", "limits", "idle_time=9s", "--etag", "1"}).exit_code, 5);
  EXPECT_EQ(Batonctl({"set", "limits", "idle_time=9s", "idle_time=8s"}).exit_code, 2);
  EXPECT_EQ(Batonctl({"log-level"}).out, "info\n");
  EXPECT_EQ(Batonctl({"log-level", "debug", "-o", "name"}).out, "logging\n");
  EXPECT_EQ(Batonctl({"log-level"}).out, "debug\n");
}

TEST_F(SettingsServiceTest, BatonctlShowsListenersAndConnectionsAndClosesThem) {
  EXPECT_THAT(Batonctl({"get", "listeners"}).out,
              AllOf(HasSubstr("grpc  off"),
                    ::testing::ContainsRegex("http +127.0.0.1:8080 +yes +3 +12 +1 +128 +0\n")));
  const Outcome connections = Batonctl({"get", "connections"});
  EXPECT_THAT(connections.out, HasSubstr("0-5   10.0.0.1:4711  pending  90s"));
  EXPECT_THAT(connections.err, HasSubstr("conductor 1 did not answer in time"));
  EXPECT_EQ(Batonctl({"close", "connection", "0-3"}).out,
            "connections/0-3 of graceful closes with its next answer\n");
  EXPECT_EQ(Batonctl({"close", "connection", "connections/0-3", "--force"}).out,
            "connections/0-3 of forced is closed\n");
  EXPECT_EQ(Batonctl({"close", "connection", "0-7"}).exit_code, 4);
  EXPECT_EQ(Batonctl({"close", "connection", "0-99"}).exit_code, 3);
}

}  // namespace
}  // namespace baton::admin
