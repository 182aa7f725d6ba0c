// The configuration over a real channel and a fake control port, as messages and as batonctl shows
// it.
#include <string>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "tests/admin/served_fixture.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {
namespace {

using ::testing::HasSubstr;

class ConfigServiceTest : public ServedFixture {
 protected:
  grpc::Status Get(const std::string& name) {
    grpc::ClientContext context;
    v1::GetConfigRequest request;
    request.set_name(name);
    return stub_->GetConfig(&context, request, &config_);
  }
  grpc::Status Reload(bool validate_only) {
    grpc::ClientContext context;
    v1::ReloadConfigRequest request;
    request.set_validate_only(validate_only);
    return stub_->ReloadConfig(&context, request, &reload_);
  }

  v1::Config config_;
  v1::ReloadConfigResponse reload_;
};

TEST_F(ConfigServiceTest, TheConfigurationIsToldWithEveryValueAndItsOrigin) {
  ASSERT_TRUE(Get("config").ok());
  EXPECT_EQ(config_.name(), "config");
  EXPECT_EQ(config_.generation(), 1u);
  EXPECT_EQ(config_.hash(), "f00d");
  EXPECT_EQ(config_.loaded_unix_ms(), 1'700'000'000'000);
  EXPECT_EQ(config_.file(), "baton.yaml");
  ASSERT_EQ(config_.values_size(), 2);
  EXPECT_EQ(config_.values(0).key(), "workers");
  EXPECT_EQ(config_.values(0).value(), "2");
  EXPECT_EQ(config_.values(0).origin(), "baton.yaml:1:10");
  EXPECT_FALSE(config_.values(0).needs_restart());
  EXPECT_TRUE(config_.values(1).needs_restart());
  ASSERT_TRUE(Get("").ok());
}

TEST_F(ConfigServiceTest, ThereIsOneConfiguration) {
  const grpc::Status status = Get("other");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("got \"other\""));
}

TEST_F(ConfigServiceTest, AReloadTellsWhatDiffersAndWhatItMadeOfIt) {
  ASSERT_TRUE(Reload(false).ok());
  EXPECT_EQ(reload_.config().generation(), 2u);
  EXPECT_EQ(reload_.config().hash(), "beef");
  ASSERT_EQ(reload_.differences_size(), 2);
  EXPECT_EQ(reload_.differences(0).key(), "workers");
  EXPECT_EQ(reload_.differences(0).before(), "2");
  EXPECT_EQ(reload_.differences(0).after(), "3");
  EXPECT_EQ(reload_.differences(0).origin(), "baton.yaml:1:10");
  EXPECT_FALSE(reload_.differences(0).needs_restart());
  EXPECT_TRUE(reload_.differences(1).needs_restart());
}

TEST_F(ConfigServiceTest, ALookChangesNothing) {
  ASSERT_TRUE(Reload(true).ok());
  EXPECT_EQ(reload_.differences_size(), 2);
  EXPECT_EQ(reload_.config().generation(), 1u);
}

TEST_F(ConfigServiceTest, WhatIsRefusedSaysWhy) {
  control_.RefuseConfiguration("b.yaml:1:1: worker: unknown key\nb.yaml:2:1: user: no");
  const grpc::Status status = Reload(false);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "b.yaml:1:1: worker: unknown key\nb.yaml:2:1: user: no");
  const Outcome outcome = Batonctl({"config", "reload"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("b.yaml:2:1: user: no"));
}

TEST_F(ConfigServiceTest, StatusHasItsGenerationAndHash) {
  grpc::ClientContext context;
  v1::ServerStatus status;
  ASSERT_TRUE(stub_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.config_generation(), 1u);
  EXPECT_EQ(status.config_hash(), "f00d");
}

TEST_F(ConfigServiceTest, BatonctlShowsItAsATable) {
  const Outcome outcome = Batonctl({"config", "get"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "file        baton.yaml\n"
            "generation  1\n"
            "hash        f00d\n"
            "\n"
            "KEY      VALUE  ON_RELOAD            ORIGIN\n"
            "workers  2      taken                baton.yaml:1:10\n"
            "policy   baton  waits for a restart  default\n");
}

TEST_F(ConfigServiceTest, BatonctlShowsWhatDiffers) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"config", "diff"},
                                                {"config", "reload", "--dry-run"},
                                                {"config", "reload"}}) {
    const Outcome outcome = Batonctl(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "KEY      BEFORE  AFTER  ON_RELOAD            ORIGIN\n"
              "workers  2       3      taken                baton.yaml:1:10\n"
              "policy   baton   edf    waits for a restart  baton.yaml:2:9\n");
    ASSERT_TRUE(Get("config").ok());
    EXPECT_EQ(config_.generation(), words.back() == "reload" ? 2u : 1u);
  }
}

TEST_F(ConfigServiceTest, BatonctlShowsItAsJson) {
  const Outcome outcome = Batonctl({"config", "diff", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"needs_restart\": true"));
}

}  // namespace
}  // namespace baton::admin
