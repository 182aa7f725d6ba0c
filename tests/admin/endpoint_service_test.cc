// The settings, estimates and misses of endpoints over a real channel and a fake control port.
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "server/base/log.h"
#include "tests/admin/served_fixture.h"

namespace baton::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class EndpointServiceTest : public ServedFixture {
 protected:
  grpc::Status Update(const v1::UpdateEndpointRequest& request) {
    grpc::ClientContext context;
    return stub_->UpdateEndpoint(&context, request, &endpoint_);
  }
  grpc::Status Get(const std::string& name) {
    grpc::ClientContext context;
    v1::GetEndpointRequest request;
    request.set_name(name);
    return stub_->GetEndpoint(&context, request, &endpoint_);
  }
  grpc::Status Reset(const std::string& name) {
    grpc::ClientContext context;
    v1::ResetEstimatorRequest request;
    request.set_name(name);
    return stub_->ResetEstimator(&context, request, &endpoint_);
  }
  grpc::Status ListMisses(const std::string& endpoint, int limit) {
    grpc::ClientContext context;
    v1::ListMissesRequest request;
    request.set_endpoint(endpoint);
    request.set_limit(limit);
    misses_.Clear();
    return stub_->ListMisses(&context, request, &misses_);
  }
  control::EndpointState Tumour() { return *control_.GetEndpoint("tumour"); }

  v1::Endpoint endpoint_;
  v1::ListMissesResponse misses_;
};

// Of tumour.
v1::UpdateEndpointRequest Wanting(const std::function<void(v1::Endpoint&)>& fill) {
  v1::UpdateEndpointRequest request;
  request.mutable_endpoint()->set_name("endpoints/tumour");
  fill(*request.mutable_endpoint());
  return request;
}

void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& part) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(part));
}

TEST_F(EndpointServiceTest, EverySettingAndEstimateIsSaid) {
  ASSERT_TRUE(Get("endpoints/tumour").ok());
  EXPECT_EQ(endpoint_.criticality(), v1::CRITICALITY_DEFAULT);
  EXPECT_TRUE(endpoint_.has_max_workers());
  EXPECT_TRUE(endpoint_.has_min_workers());
  EXPECT_EQ(endpoint_.batch().max_size(), 1);
  EXPECT_TRUE(endpoint_.batch().has_max_delay_ms());
  EXPECT_EQ(endpoint_.fallback().kind(), v1::FALLBACK_KIND_NONE);
  EXPECT_EQ(endpoint_.fallback().key_header(), "Baton-Key");
  EXPECT_DOUBLE_EQ(endpoint_.fallback().max_age_ms(), 60'000);
  EXPECT_EQ(endpoint_.fallback().max_bytes(), 8U << 20);
  EXPECT_EQ(endpoint_.fallback().model(), "");
  EXPECT_DOUBLE_EQ(endpoint_.estimate().mean_ms(), 1.5);
  EXPECT_DOUBLE_EQ(endpoint_.estimate().q50_ms(), 1.4);
  EXPECT_DOUBLE_EQ(endpoint_.estimate().q95_ms(), 2.25);
  EXPECT_DOUBLE_EQ(endpoint_.estimate().q99_ms(), 3);
  EXPECT_DOUBLE_EQ(endpoint_.estimate().predicted_wait_ms(), 0.75);
  EXPECT_EQ(endpoint_.estimate().samples(), 64U);
  EXPECT_FALSE(endpoint_.estimate().cold());
  ASSERT_TRUE(Get("endpoints/digits").ok());
  EXPECT_TRUE(endpoint_.estimate().cold());
}

TEST_F(EndpointServiceTest, AnEmptyMaskChangesWhatIsSetDownToTheFieldsOfABatch) {
  ASSERT_TRUE(Update(Wanting([](v1::Endpoint& endpoint) {
                endpoint.set_criticality(v1::CRITICALITY_SHEDDABLE);
                endpoint.set_slo_target_ratio(0.999);
                endpoint.set_max_workers(3);
                endpoint.set_min_workers(1);
                endpoint.mutable_batch()->set_max_delay_ms(8.2);
              })).ok());
  EXPECT_EQ(Tumour().criticality, "sheddable");
  EXPECT_EQ(Tumour().slo_target, 0.999);
  EXPECT_EQ(Tumour().max_workers, 3);
  EXPECT_EQ(Tumour().min_workers, 1);
  EXPECT_EQ(Tumour().batch.max_size, 1);
  EXPECT_EQ(Tumour().batch.max_delay, Duration(8'200us));
  EXPECT_EQ(Tumour().default_budget, Duration(50ms));
  EXPECT_EQ(endpoint_.criticality(), v1::CRITICALITY_SHEDDABLE);
  EXPECT_EQ(endpoint_.slo_target_ratio(), 0.999);
  EXPECT_DOUBLE_EQ(endpoint_.batch().max_delay_ms(), 8.2);
}

TEST_F(EndpointServiceTest, AMaskMayNameAFieldOfABatchOrTheWholeOfIt) {
  v1::UpdateEndpointRequest request = Wanting([](v1::Endpoint& endpoint) {
    endpoint.mutable_batch()->set_max_size(8);
    endpoint.mutable_batch()->set_max_delay_ms(2);
    endpoint.set_max_workers(5);
  });
  request.mutable_update_mask()->add_paths("batch.max_size");
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(Tumour().batch.max_size, 8);
  EXPECT_EQ(Tumour().batch.max_delay, Duration::zero());
  request.mutable_update_mask()->set_paths(0, "batch");
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(Tumour().batch.max_delay, Duration(2ms));
  EXPECT_EQ(Tumour().max_workers, 0);
}

TEST_F(EndpointServiceTest, WhatAMaskCannotNameIsRefused) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"batch.colour", "\"batch.colour\" is no field of endpoint"},
      {"batch.max_size.deeper", "\"batch.max_size.deeper\" is no field of endpoint"},
      {"batch.", "\"batch.\" is no field of endpoint"},
      {"", "\"\" is no field of endpoint"},
      {"fallback.constant", "\"fallback.constant\" cannot be changed"},
      {"estimate", "\"estimate\" cannot be changed"},
      {"batch", "endpoint.batch.max_size: expected a value"},
      {"fallback", "endpoint.fallback: expected a value"},
      {"*", "expected a value"}};
  for (const auto& [path, part] : table) {
    v1::UpdateEndpointRequest request =
        Wanting([](v1::Endpoint& endpoint) { endpoint.mutable_batch()->set_max_delay_ms(1); });
    request.mutable_update_mask()->add_paths(path);
    ExpectStatus(Update(request), grpc::StatusCode::INVALID_ARGUMENT, part);
  }
  EXPECT_EQ(Tumour().generation, 1U);
}

TEST_F(EndpointServiceTest, WhatWasReadCanBeGivenBackWholeWithAStar) {
  ASSERT_TRUE(Get("endpoints/tumour").ok());
  v1::UpdateEndpointRequest request;
  *request.mutable_endpoint() = endpoint_;
  request.mutable_endpoint()->set_min_workers(2);
  request.mutable_update_mask()->add_paths("*");
  ASSERT_TRUE(Update(request).ok());
  EXPECT_EQ(Tumour().min_workers, 2);
  EXPECT_EQ(Tumour().fallback.max_bytes, 8U << 20);
}

TEST_F(EndpointServiceTest, EachKindOfFallbackArrivesWhole) {
  ASSERT_TRUE(Update(Wanting([](v1::Endpoint& endpoint) {
                endpoint.mutable_fallback()->set_kind(v1::FALLBACK_KIND_CONSTANT);
                endpoint.mutable_fallback()->set_constant("{\"a\":1}");
              })).ok());
  EXPECT_EQ(Tumour().fallback.kind, "constant");
  EXPECT_EQ(Tumour().fallback.constant, "{\"a\":1}");
  ASSERT_TRUE(Update(Wanting([](v1::Endpoint& endpoint) {
                endpoint.mutable_fallback()->set_kind(v1::FALLBACK_KIND_LAST_GOOD);
                endpoint.mutable_fallback()->set_key_header("X-User");
                endpoint.mutable_fallback()->set_max_age_ms(1500);
                endpoint.mutable_fallback()->set_max_bytes(4096);
              })).ok());
  EXPECT_EQ(Tumour().fallback.key_header, "X-User");
  EXPECT_EQ(Tumour().fallback.max_age, Duration(1500ms));
  EXPECT_EQ(Tumour().fallback.max_bytes, 4096U);
  ASSERT_TRUE(Update(Wanting([](v1::Endpoint& endpoint) {
                endpoint.mutable_fallback()->set_kind(v1::FALLBACK_KIND_MODEL);
                endpoint.mutable_fallback()->set_model("endpoints/digits");
              })).ok());
  EXPECT_EQ(Tumour().fallback.model, "digits");
  EXPECT_EQ(endpoint_.fallback().model(), "endpoints/digits");
}

TEST_F(EndpointServiceTest, WhatTheSchemaCannotMeanIsRefusedByName) {
  using Fill = std::function<void(v1::Endpoint&)>;
  const std::vector<std::pair<Fill, std::string>> table = {
      {[](v1::Endpoint& endpoint) { endpoint.set_criticality(v1::CRITICALITY_UNSPECIFIED); },
       "endpoint.criticality: expected one of CRITICALITY_CRITICAL, CRITICALITY_DEFAULT, "
       "CRITICALITY_SHEDDABLE, got CRITICALITY_UNSPECIFIED"},
      {[](v1::Endpoint& endpoint) { endpoint.set_criticality(static_cast<v1::Criticality>(77)); },
       "endpoint.criticality: expected one of"},
      {[](v1::Endpoint& endpoint) { endpoint.mutable_fallback(); }, "endpoint.fallback.kind"},
      {[](v1::Endpoint& endpoint) {
         endpoint.mutable_fallback()->set_kind(v1::FALLBACK_KIND_MODEL);
         endpoint.mutable_fallback()->set_model("digits");
       },
       "endpoint.fallback.model: expected \"endpoints/NAME\""},
      {[](v1::Endpoint& endpoint) {
         endpoint.mutable_fallback()->set_kind(v1::FALLBACK_KIND_LAST_GOOD);
         endpoint.mutable_fallback()->set_max_age_ms(std::numeric_limits<double>::infinity());
       },
       "endpoint.fallback.max_age_ms: expected 1 to 86400000 milliseconds, got inf"},
      {[](v1::Endpoint& endpoint) { endpoint.mutable_batch()->set_max_delay_ms(1e12); },
       "endpoint.batch.max_delay_ms: expected 0 to 1000 milliseconds"}};
  for (const auto& [fill, part] : table) {
    ExpectStatus(Update(Wanting(fill)), grpc::StatusCode::INVALID_ARGUMENT, part);
  }
  EXPECT_EQ(Tumour().generation, 1U);
}

TEST_F(EndpointServiceTest, AChangeIsLoggedWithTheSettingsThatDiffer) {
  ::testing::internal::CaptureStderr();
  {
    const LogGuard guard({.format = LogOptions::Format::kText, .level = LogLevel::kInfo});
    EXPECT_TRUE(Update(Wanting([](v1::Endpoint& endpoint) {
                  endpoint.set_max_workers(3);
                  endpoint.set_min_workers(0);
                })).ok());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("before=\"max_workers=0\""),
                         HasSubstr("after=\"max_workers=3\""), Not(HasSubstr("min_workers"))));
}

TEST_F(EndpointServiceTest, ResettingTheEstimatorForgetsItAndIsLogged) {
  ::testing::internal::CaptureStderr();
  {
    const LogGuard guard({.format = LogOptions::Format::kText, .level = LogLevel::kInfo});
    ASSERT_TRUE(Reset("endpoints/tumour").ok());
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("estimator_reset"), HasSubstr("endpoint=tumour")));
  EXPECT_EQ(endpoint_.name(), "endpoints/tumour");
  EXPECT_EQ(endpoint_.estimate().samples(), 0U);
  EXPECT_TRUE(endpoint_.estimate().cold());
  ExpectStatus(Reset("endpoints/nobody"), grpc::StatusCode::NOT_FOUND, "nobody");
  ExpectStatus(Reset("tumour"), grpc::StatusCode::INVALID_ARGUMENT, "name: expected");
}

TEST_F(EndpointServiceTest, MissesComeNewestFirstWithTimesOnlyWhereTheyHappened) {
  ASSERT_TRUE(ListMisses("", 0).ok());
  ASSERT_EQ(misses_.misses_size(), 2);
  const v1::Miss& ran = misses_.misses(0);
  EXPECT_EQ(ran.request_id(), 42U);
  EXPECT_EQ(ran.endpoint(), "endpoints/tumour");
  EXPECT_EQ(ran.arrived_unix_ms(), 1'700'000'000'123);
  EXPECT_DOUBLE_EQ(ran.budget_ms(), 50);
  EXPECT_EQ(ran.answer(), "timeout");
  EXPECT_EQ(ran.cause(), "expired_running");
  EXPECT_EQ(ran.criticality(), v1::CRITICALITY_CRITICAL);
  EXPECT_DOUBLE_EQ(ran.predicted_wait_ms(), 2);
  EXPECT_DOUBLE_EQ(ran.most_wait_ms(), 30);
  EXPECT_DOUBLE_EQ(ran.predicted_service_ms(), 5);
  EXPECT_DOUBLE_EQ(ran.admitted_ms(), 0.1);
  EXPECT_DOUBLE_EQ(ran.started_ms(), 10.1);
  EXPECT_FALSE(ran.has_finished_ms());
  EXPECT_DOUBLE_EQ(ran.answered_ms(), 45);
  EXPECT_DOUBLE_EQ(ran.sent_ms(), 45.2);
  EXPECT_FALSE(misses_.misses(1).has_most_wait_ms());
  EXPECT_FALSE(misses_.misses(1).has_admitted_ms());
  EXPECT_FALSE(misses_.misses(1).has_sent_ms());
}

TEST_F(EndpointServiceTest, MissesCanBeOfOneEndpointAndFew) {
  ASSERT_TRUE(ListMisses("endpoints/digits", 100'000).ok());
  ASSERT_EQ(misses_.misses_size(), 1);
  EXPECT_EQ(misses_.misses(0).request_id(), 41U);
  ASSERT_TRUE(ListMisses("", 1).ok());
  ASSERT_EQ(misses_.misses_size(), 1);
  EXPECT_EQ(misses_.misses(0).request_id(), 42U);
  ExpectStatus(ListMisses("endpoints/nobody", 0), grpc::StatusCode::NOT_FOUND, "nobody");
  ExpectStatus(ListMisses("digits", 0), grpc::StatusCode::INVALID_ARGUMENT, "endpoint: expected");
  ExpectStatus(ListMisses("", -1), grpc::StatusCode::INVALID_ARGUMENT,
               "limit: expected 0 to 1024, got -1");
}

}  // namespace
}  // namespace baton::admin
