// The calls that need no ticket: what the service tells of itself, health and reflection.
#include "server/rpc/plain_calls.h"

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "inference/grpc_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/api/grpc/server_harness.h"

namespace baton::api {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using PlainCallsTest = ServerHarness;

TEST_F(PlainCallsTest, TheServerAndItsModelsAreDescribed) {
  {
    grpc::ClientContext context;
    inference::ServerReadyResponse response;
    ASSERT_TRUE(Await([&] { return stub_->ServerReady(&context, {}, &response); }).ok());
    EXPECT_TRUE(response.ready());
  }
  {
    grpc::ClientContext context;
    inference::ServerMetadataResponse response;
    ASSERT_TRUE(Await([&] { return stub_->ServerMetadata(&context, {}, &response); }).ok());
    EXPECT_EQ(response.name(), "baton");
    EXPECT_THAT(response.extensions(), ElementsAreArray(kExtensions));
  }
  {
    grpc::ClientContext context;
    inference::ModelMetadataRequest request;
    request.set_name("tumour");
    inference::ModelMetadataResponse response;
    ASSERT_TRUE(Await([&] { return stub_->ModelMetadata(&context, request, &response); }).ok());
    EXPECT_THAT(response.versions(), ElementsAre("1", "3"));
    EXPECT_EQ(response.inputs(0).datatype(), "FP32");
    EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, 30));
    EXPECT_EQ(response.outputs(0).name(), "p");
    EXPECT_EQ(response.properties().at("task"), "classification");
  }
  {
    grpc::ClientContext context;
    inference::ModelConfigRequest request;
    request.set_name("tumour");
    inference::ModelConfigResponse response;
    ASSERT_TRUE(Await([&] { return stub_->ModelConfig(&context, request, &response); }).ok());
    const inference::ModelConfig& config = response.config();
    EXPECT_EQ(config.backend(), "onnxruntime");
    EXPECT_EQ(config.max_batch_size(), 8);
    EXPECT_EQ(config.input(0).data_type(), inference::TYPE_FP32);
    EXPECT_THAT(config.input(0).dims(), ElementsAre(30));
    EXPECT_THAT(config.version_policy().specific().versions(), ElementsAre(1, 3));
    EXPECT_EQ(config.dynamic_batching().max_queue_delay_microseconds(), 2000U);
    EXPECT_EQ(config.parameters().at("criticality").string_value(), "critical");
  }
}

TEST_F(PlainCallsTest, AModelThatLoadsIsNotReadyAndAnUnknownOneIsNotFound) {
  const auto ready = [this](const std::string& name, inference::ModelReadyResponse& response) {
    grpc::ClientContext context;
    inference::ModelReadyRequest request;
    request.set_name(name);
    return Await([&] { return stub_->ModelReady(&context, request, &response); });
  };
  inference::ModelReadyResponse response;
  EXPECT_TRUE(ready("tumour", response).ok());
  EXPECT_TRUE(response.ready());
  EXPECT_TRUE(ready("loading", response).ok());
  EXPECT_FALSE(response.ready());
  EXPECT_EQ(ready("nosuch", response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(PlainCallsTest, TheIndexAndTheStatisticsAreTold) {
  {
    grpc::ClientContext context;
    inference::RepositoryIndexResponse response;
    ASSERT_TRUE(Await([&] { return stub_->RepositoryIndex(&context, {}, &response); }).ok());
    ASSERT_EQ(response.models_size(), 2);
    EXPECT_EQ(response.models(1).state(), "UNAVAILABLE");
    EXPECT_EQ(response.models(1).reason(), "no such file");
  }
  {
    grpc::ClientContext context;
    inference::RepositoryIndexRequest request;
    request.set_ready(true);
    inference::RepositoryIndexResponse response;
    ASSERT_TRUE(Await([&] { return stub_->RepositoryIndex(&context, request, &response); }).ok());
    EXPECT_EQ(response.models_size(), 1);
  }
  {
    grpc::ClientContext context;
    inference::ModelStatisticsRequest request;
    request.set_name("tumour");
    inference::ModelStatisticsResponse response;
    ASSERT_TRUE(Await([&] { return stub_->ModelStatistics(&context, request, &response); }).ok());
    EXPECT_EQ(response.model_stats(0).inference_count(), 7U);
    EXPECT_EQ(response.model_stats(0).inference_stats().success().count(), 6U);
    EXPECT_EQ(response.model_stats(0).inference_stats().success().ns(), 3'000'000U);
    EXPECT_EQ(response.model_stats(0).batch_stats(0).batch_size(), 2U);
  }
}

TEST_F(PlainCallsTest, LoadingAndUnloadingAreOffUnlessTheDirectoryAllowsThem) {
  grpc::ClientContext load;
  inference::RepositoryModelLoadResponse loaded;
  EXPECT_EQ(Await([&] { return stub_->RepositoryModelLoad(&load, {}, &loaded); }).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  grpc::ClientContext unload;
  inference::RepositoryModelUnloadResponse unloaded;
  EXPECT_EQ(
      Await([&] { return stub_->RepositoryModelUnload(&unload, {}, &unloaded); }).error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(PlainCallsTest, AnAllowedChangeIsAnsweredOnceItIsMade) {
  directory_.allows_changes = true;
  inference::RepositoryModelLoadRequest request;
  request.set_model_name("tumour");
  inference::RepositoryModelLoadResponse response;
  grpc::ClientContext load;
  EXPECT_TRUE(Await([&] { return stub_->RepositoryModelLoad(&load, request, &response); }).ok());
  request.set_model_name("other");
  grpc::ClientContext unknown;
  EXPECT_EQ(
      Await([&] { return stub_->RepositoryModelLoad(&unknown, request, &response); }).error_code(),
      grpc::StatusCode::NOT_FOUND);
  (*request.mutable_parameters())["config"].set_string_param("{}");
  grpc::ClientContext configured;
  EXPECT_EQ(Await([&] {
              return stub_->RepositoryModelLoad(&configured, request, &response);
            }).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PlainCallsTest, HealthIsWhatItWasSetTo) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  const auto check = [this, &health] {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service("inference.GRPCInferenceService");
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(Await([&] { return health->Check(&context, request, &response); }).ok());
    return response.status();
  };
  EXPECT_EQ(check(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(check(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(PlainCallsTest, AChangeOfHealthIsToldToWhoWatches) {
  using grpc::health::v1::HealthCheckResponse;
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  grpc::ClientContext unknown_context;
  grpc::health::v1::HealthCheckRequest request;
  const auto watch = health->Watch(&context, request);
  request.set_service("nosuch");
  const auto unknown = health->Watch(&unknown_context, request);
  const auto next = [this](auto& stream) {
    HealthCheckResponse response;
    EXPECT_TRUE(Await([&] { return stream->Read(&response); }));
    return response.status();
  };
  EXPECT_EQ(next(watch), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(next(unknown), HealthCheckResponse::SERVICE_UNKNOWN);
  server_->SetServing(false);  // no change
  server_->SetServing(true);
  EXPECT_EQ(next(watch), HealthCheckResponse::SERVING);
  unknown_context.TryCancel();
  EXPECT_EQ(Await([&] { return unknown->Finish(); }).error_code(), grpc::StatusCode::CANCELLED);
  server_->SetServing(false);
  EXPECT_EQ(next(watch), HealthCheckResponse::NOT_SERVING);
}

TEST_F(PlainCallsTest, HealthOfAnUnknownServiceIsNotFound) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("nosuch");
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(Await([&] { return health->Check(&context, request, &response); }).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(PlainCallsTest, AMethodThatIsNotThereIsUnimplemented) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer empty;
  const auto call = stub.PrepareUnaryCall(&context, "/nosuch.Service/Method", empty, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, &status);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(Await([&] { return queue.Next(&tag, &ok); }));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), HasSubstr("/nosuch.Service/Method"));
}

TEST_F(PlainCallsTest, AMessageOverTheLimitOfSuchMethodsIsRefused) {
  StartWith(1h, 1 << 20);
  grpc::ClientContext context;
  inference::ModelReadyRequest request;
  request.set_name(std::string(65 * 1024, 'x'));
  inference::ModelReadyResponse response;
  EXPECT_EQ(Await([&] { return stub_->ModelReady(&context, request, &response); }).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

class ReflectionCallsTest : public PlainCallsTest {
 protected:
  template <typename Reflection, typename Request, typename Response>
  void ExpectAnswersToEachMessage() {
    grpc::ClientContext context;
    const auto reflection = Reflection::NewStub(channel_);
    const auto stream = reflection->ServerReflectionInfo(&context);
    Request request;
    Response response;
    request.set_list_services("");
    stream->Write(request);
    ASSERT_TRUE(Await([&] { return stream->Read(&response); }));
    const auto& listed = response.list_services_response().service();
    std::vector<std::string> names;
    for (const auto& service : listed) names.push_back(service.name());
    EXPECT_THAT(names, testing::Contains("inference.GRPCInferenceService"));
    EXPECT_THAT(names, testing::Contains("grpc.health.v1.Health"));
    request.set_file_containing_symbol("grpc.health.v1.Health");
    stream->Write(request);
    ASSERT_TRUE(Await([&] { return stream->Read(&response); }));
    EXPECT_GT(response.file_descriptor_response().file_descriptor_proto_size(), 0);
    stream->WritesDone();
    EXPECT_TRUE(Await([&] { return stream->Finish(); }).ok());
  }
};

TEST_F(ReflectionCallsTest, BothVersionsAnswerOneMessageAfterTheOther) {
  ExpectAnswersToEachMessage<grpc::reflection::v1::ServerReflection,
                             grpc::reflection::v1::ServerReflectionRequest,
                             grpc::reflection::v1::ServerReflectionResponse>();
  ExpectAnswersToEachMessage<grpc::reflection::v1alpha::ServerReflection,
                             grpc::reflection::v1alpha::ServerReflectionRequest,
                             grpc::reflection::v1alpha::ServerReflectionResponse>();
}

TEST_F(PlainCallsTest, OpenStreamsDoNotKeepItFromStopping) {
  grpc::ClientContext context;
  const auto reflection = grpc::reflection::v1::ServerReflection::NewStub(channel_);
  const auto stream = reflection->ServerReflectionInfo(&context);
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("");
  ASSERT_TRUE(stream->Write(request));
  grpc::reflection::v1::ServerReflectionResponse response;
  ASSERT_TRUE(Await([&] { return stream->Read(&response); }));
  grpc::ClientContext watch_context;
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  const auto watch = health->Watch(&watch_context, {});
  grpc::health::v1::HealthCheckResponse told;
  ASSERT_TRUE(Await([&] { return watch->Read(&told); }));
  sink_.is_closed = true;
  server_->Stop(10ms);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_FALSE(watch->Finish().ok());
}

}  // namespace
}  // namespace baton::api
