// The admin service over a real channel and a fake control port.
#include <limits>
#include <string>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "server/base/log.h"
#include "tests/admin/served_fixture.h"

namespace baton::admin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AdminServiceTest : public ServedFixture {
 protected:
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, &response);
  }

  grpc::Status UpdatePool(const v1::UpdatePoolRequest& request) {
    return Call(&v1::AdminService::Stub::UpdatePool, request, pool_);
  }
  grpc::Status UpdateEndpoint(const v1::UpdateEndpointRequest& request) {
    return Call(&v1::AdminService::Stub::UpdateEndpoint, request, endpoint_);
  }
  grpc::Status GetEndpoint(const std::string& name) {
    v1::GetEndpointRequest request;
    request.set_name(name);
    return Call(&v1::AdminService::Stub::GetEndpoint, request, endpoint_);
  }

  v1::Pool pool_;
  v1::Endpoint endpoint_;
};

v1::UpdatePoolRequest PoolOfSize(int size) {
  v1::UpdatePoolRequest request;
  request.mutable_pool()->set_size(size);
  return request;
}

v1::UpdateEndpointRequest TumourWithDefault(double millis) {
  v1::UpdateEndpointRequest request;
  request.mutable_endpoint()->set_name("endpoints/tumour");
  request.mutable_endpoint()->set_default_budget_ms(millis);
  return request;
}

void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& part) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(part));
}

TEST_F(AdminServiceTest, StatusSaysAllThatThePortKnows) {
  v1::ServerStatus status;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::GetStatus, v1::GetStatusRequest(), status).ok());
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_DOUBLE_EQ(status.uptime_seconds(), 1.5);
  EXPECT_TRUE(status.ready());
  EXPECT_FALSE(status.draining());
  ASSERT_EQ(status.listeners_size(), 2);
  EXPECT_EQ(status.listeners(0).name(), "http");
  EXPECT_EQ(status.listeners(0).address(), "127.0.0.1:8080");
  EXPECT_EQ(status.pool().size(), 2);
  EXPECT_EQ(status.conductors(), 1);
  EXPECT_EQ(status.connections(), 3U);
  EXPECT_EQ(status.pending_responses(), 4U);
  EXPECT_EQ(status.queue_depth(), 5U);
  EXPECT_EQ(status.requests_total(), 6U);
  EXPECT_EQ(status.misses_total(), 7U);
  EXPECT_EQ(status.late_answers_total(), 8U);
  EXPECT_EQ(status.generation(), 1U);
}

TEST_F(AdminServiceTest, ThePoolIsTheOnlyOne) {
  v1::GetPoolRequest request;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::GetPool, request, pool_).ok());
  EXPECT_EQ(pool_.name(), "pool");
  EXPECT_EQ(pool_.size(), 2);
  EXPECT_EQ(pool_.busy(), 1);
  EXPECT_EQ(pool_.idle(), 1);
  EXPECT_EQ(pool_.retiring(), 0);
  EXPECT_EQ(pool_.zombies(), 1);
  EXPECT_EQ(pool_.etag(), "1");
  request.set_name("pools/other");
  ExpectStatus(Call(&v1::AdminService::Stub::GetPool, request, pool_), grpc::StatusCode::NOT_FOUND,
               "pools/other");
}

TEST_F(AdminServiceTest, AnUpdateAnswersWithWhatIsInForceAndItsGeneration) {
  ASSERT_TRUE(UpdatePool(PoolOfSize(4)).ok());
  EXPECT_EQ(pool_.size(), 4);
  EXPECT_EQ(pool_.generation(), 2U);
  EXPECT_EQ(pool_.etag(), "2");
  EXPECT_EQ(control_.GetPool().size, 4);
}

TEST_F(AdminServiceTest, AnUpdateOutOfRangeNamesTheFieldAndChangesNothing) {
  ExpectStatus(UpdatePool(PoolOfSize(0)), grpc::StatusCode::INVALID_ARGUMENT,
               "pool.size: expected 1 to 1024, got 0");
  EXPECT_EQ(control_.GetPool().size, 2);
}

TEST_F(AdminServiceTest, AMaskMayNameAFieldOrAll) {
  for (const char* path : {"size", "*"}) {
    v1::UpdatePoolRequest request = PoolOfSize(5);
    request.mutable_update_mask()->add_paths(path);
    EXPECT_TRUE(UpdatePool(request).ok()) << path;
  }
  EXPECT_EQ(control_.GetPool().generation, 3U);
}

TEST_F(AdminServiceTest, AnEmptyMaskStandsForWhatIsSet) {
  v1::UpdatePoolRequest request = PoolOfSize(6);
  request.mutable_update_mask();
  ASSERT_TRUE(UpdatePool(request).ok());
  EXPECT_EQ(control_.GetPool().size, 6);
}

TEST_F(AdminServiceTest, AMaskWithAnUnknownPathIsRefused) {
  v1::UpdatePoolRequest request = PoolOfSize(4);
  request.mutable_update_mask()->add_paths("sise");
  ExpectStatus(UpdatePool(request), grpc::StatusCode::INVALID_ARGUMENT,
               "update_mask: \"sise\" is no field of pool; expected one of size");
  EXPECT_EQ(control_.GetPool().size, 2);
}

TEST_F(AdminServiceTest, AMaskWithAnOutputOnlyPathIsRefused) {
  v1::UpdatePoolRequest request = PoolOfSize(4);
  request.mutable_update_mask()->add_paths("busy");
  ExpectStatus(UpdatePool(request), grpc::StatusCode::INVALID_ARGUMENT,
               "update_mask: \"busy\" cannot be changed");
  EXPECT_EQ(control_.GetPool().size, 2);
}

TEST_F(AdminServiceTest, AStarBesideOtherPathsIsRefused) {
  v1::UpdatePoolRequest request = PoolOfSize(4);
  request.mutable_update_mask()->add_paths("*");
  request.mutable_update_mask()->add_paths("size");
  ExpectStatus(UpdatePool(request), grpc::StatusCode::INVALID_ARGUMENT, "\"*\" stands beside");
}

TEST_F(AdminServiceTest, AFieldThatTheMaskNamesHasToBeSet) {
  v1::UpdatePoolRequest request;
  request.mutable_update_mask()->add_paths("size");
  ExpectStatus(UpdatePool(request), grpc::StatusCode::INVALID_ARGUMENT,
               "pool.size: expected a value");
}

TEST_F(AdminServiceTest, AnUpdateOfNothingIsRefused) {
  ExpectStatus(UpdatePool({}), grpc::StatusCode::INVALID_ARGUMENT, "pool: nothing to change");
}

TEST_F(AdminServiceTest, OutputOnlyFieldsAreIgnoredWithoutAMask) {
  v1::UpdatePoolRequest request = PoolOfSize(3);
  request.mutable_pool()->set_busy(77);
  ASSERT_TRUE(UpdatePool(request).ok());
  EXPECT_EQ(pool_.busy(), 1);
}

TEST_F(AdminServiceTest, AFieldOutsideTheMaskStaysAsItIs) {
  v1::UpdateEndpointRequest request = TumourWithDefault(20);
  request.mutable_endpoint()->set_max_budget_ms(100);
  request.mutable_update_mask()->add_paths("default_budget_ms");
  ASSERT_TRUE(UpdateEndpoint(request).ok());
  EXPECT_DOUBLE_EQ(endpoint_.default_budget_ms(), 20);
  EXPECT_DOUBLE_EQ(endpoint_.max_budget_ms(), 10'000);
}

TEST_F(AdminServiceTest, AStaleEtagIsAbortedAndTheCurrentOnePasses) {
  v1::UpdatePoolRequest request = PoolOfSize(4);
  for (const char* stale : {"7", "yesterday", "-1", "1x"}) {
    request.mutable_pool()->set_etag(stale);
    EXPECT_EQ(UpdatePool(request).error_code(), grpc::StatusCode::ABORTED) << stale;
  }
  EXPECT_EQ(control_.GetPool().size, 2);
  request.mutable_pool()->set_etag("1");
  EXPECT_TRUE(UpdatePool(request).ok());
  v1::UpdateEndpointRequest endpoint = TumourWithDefault(20);
  endpoint.mutable_endpoint()->set_etag("1");
  EXPECT_EQ(UpdateEndpoint(endpoint).error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(AdminServiceTest, ValidateOnlyAnswersWhatWouldBeAndChangesNothing) {
  v1::UpdatePoolRequest request = PoolOfSize(9);
  request.set_validate_only(true);
  ASSERT_TRUE(UpdatePool(request).ok());
  EXPECT_EQ(pool_.size(), 9);
  EXPECT_EQ(control_.GetPool().size, 2);
  EXPECT_EQ(control_.GetPool().generation, 1U);
}

TEST_F(AdminServiceTest, EndpointsComeByNameAndPageByPage) {
  v1::ListEndpointsRequest request;
  request.set_page_size(2);
  v1::ListEndpointsResponse first;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ListEndpoints, request, first).ok());
  ASSERT_EQ(first.endpoints_size(), 2);
  EXPECT_EQ(first.endpoints(0).name(), "endpoints/digits");
  EXPECT_EQ(first.endpoints(1).name(), "endpoints/reverse");
  request.set_page_token(first.next_page_token());
  v1::ListEndpointsResponse second;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ListEndpoints, request, second).ok());
  ASSERT_EQ(second.endpoints_size(), 1);
  EXPECT_EQ(second.endpoints(0).name(), "endpoints/tumour");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(AdminServiceTest, AnEndpointSaysAllThatThePortKnows) {
  ASSERT_TRUE(GetEndpoint("endpoints/tumour").ok());
  EXPECT_EQ(endpoint_.kind(), v1::ENDPOINT_KIND_MODEL);
  EXPECT_THAT(endpoint_.versions(), ElementsAre("1", "2"));
  EXPECT_DOUBLE_EQ(endpoint_.default_budget_ms(), 50);
  EXPECT_DOUBLE_EQ(endpoint_.max_budget_ms(), 10'000);
  EXPECT_DOUBLE_EQ(endpoint_.slo_target_ratio(), 0.99);
  EXPECT_EQ(endpoint_.requests_total(), 7U);
  EXPECT_EQ(endpoint_.misses_total(), 2U);
  EXPECT_EQ(endpoint_.in_flight(), 1U);
  EXPECT_EQ(endpoint_.etag(), "1");
  ASSERT_TRUE(GetEndpoint("endpoints/reverse").ok());
  EXPECT_EQ(endpoint_.kind(), v1::ENDPOINT_KIND_ROUTE);
}

TEST_F(AdminServiceTest, AnUnknownEndpointIsNotFound) {
  ExpectStatus(GetEndpoint("endpoints/nobody"), grpc::StatusCode::NOT_FOUND, "nobody");
  v1::UpdateEndpointRequest request = TumourWithDefault(20);
  request.mutable_endpoint()->set_name("endpoints/nobody");
  ExpectStatus(UpdateEndpoint(request), grpc::StatusCode::NOT_FOUND, "nobody");
}

TEST_F(AdminServiceTest, ANameOfAnotherFormIsRefused) {
  for (const char* name : {"", "tumour", "endpoints/", "models/tumour"}) {
    ExpectStatus(GetEndpoint(name), grpc::StatusCode::INVALID_ARGUMENT,
                 "name: expected \"endpoints/NAME\"");
  }
  v1::UpdateEndpointRequest request = TumourWithDefault(20);
  request.mutable_endpoint()->set_name("tumour");
  ExpectStatus(UpdateEndpoint(request), grpc::StatusCode::INVALID_ARGUMENT, "endpoint.name");
}

TEST_F(AdminServiceTest, BudgetsArriveExactlyAsTheyWereSaid) {
  ASSERT_TRUE(UpdateEndpoint(TumourWithDefault(12.5)).ok());
  EXPECT_EQ(control_.GetEndpoint("tumour")->default_budget, 12'500us);
  EXPECT_DOUBLE_EQ(endpoint_.default_budget_ms(), 12.5);
  EXPECT_EQ(endpoint_.generation(), 2U);
}

TEST_F(AdminServiceTest, ABudgetThatIsNoTimeIsRefusedByName) {
  for (const double millis : {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(), -1e300, 1e10}) {
    ExpectStatus(UpdateEndpoint(TumourWithDefault(millis)), grpc::StatusCode::INVALID_ARGUMENT,
                 "endpoint.default_budget_ms: expected 1 to 3600000 milliseconds, got");
  }
  ExpectStatus(UpdateEndpoint(TumourWithDefault(-1)), grpc::StatusCode::INVALID_ARGUMENT,
               "endpoint.default_budget_ms");
  EXPECT_EQ(control_.GetEndpoint("tumour")->default_budget, 50ms);
}

TEST_F(AdminServiceTest, EveryCallIsCountedWithItsCode) {
  ASSERT_TRUE(UpdatePool(PoolOfSize(4)).ok());
  ASSERT_FALSE(UpdatePool(PoolOfSize(0)).ok());
  ASSERT_FALSE(GetEndpoint("endpoints/nobody").ok());
  EXPECT_THAT(control_.Counted(),
              ElementsAre("UpdatePool OK", "UpdatePool INVALID_ARGUMENT", "GetEndpoint NOT_FOUND"));
}

TEST_F(AdminServiceTest, AChangeIsLoggedWithWhoAndBeforeAndAfter) {
  ::testing::internal::CaptureStderr();
  {
    const LogGuard guard({.format = LogOptions::Format::kText, .level = LogLevel::kInfo});
    EXPECT_TRUE(UpdatePool(PoolOfSize(4)).ok());
    EXPECT_TRUE(UpdateEndpoint(TumourWithDefault(20)).ok());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("admin_change"), HasSubstr("127.0.0.1"), HasSubstr("size=2"),
                         HasSubstr("size=4"), HasSubstr("endpoints/tumour"),
                         HasSubstr("default_budget=50ms"), HasSubstr("default_budget=20ms")));
}

TEST_F(AdminServiceTest, WhatChangesNothingIsNotLogged) {
  ::testing::internal::CaptureStderr();
  {
    const LogGuard guard({.format = LogOptions::Format::kText, .level = LogLevel::kInfo});
    v1::UpdatePoolRequest dry_run = PoolOfSize(4);
    dry_run.set_validate_only(true);
    EXPECT_TRUE(UpdatePool(dry_run).ok());
    EXPECT_FALSE(UpdatePool(PoolOfSize(0)).ok());
    EXPECT_TRUE(GetEndpoint("endpoints/tumour").ok());
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("admin_change")));
}

}  // namespace
}  // namespace baton::admin
