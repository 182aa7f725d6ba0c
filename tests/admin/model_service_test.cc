// Models over a real channel and a fake control port, as messages and as batonctl shows them.
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include "baton/admin/v1/operation.pb.h"
#include "google/longrunning/operations.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "tests/admin/served_fixture.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelServiceTest : public ServedFixture {
 protected:
  template <typename Request, typename Response, typename Method>
  grpc::Status Ask(Method method, const std::string& name, Response& response) {
    grpc::ClientContext context;
    Request request;
    request.set_name(name);
    return (stub_.get()->*method)(&context, request, &response);
  }
  grpc::Status Get(const std::string& name) {
    return Ask<v1::GetModelRequest>(&v1::AdminService::Stub::GetModel, name, model_);
  }
  grpc::Status Load(const std::string& name) {
    return Ask<v1::LoadModelRequest>(&v1::AdminService::Stub::LoadModel, name, operation_);
  }
  grpc::Status Unload(const std::string& name) {
    return Ask<v1::UnloadModelRequest>(&v1::AdminService::Stub::UnloadModel, name, operation_);
  }
  grpc::Status Wait(const std::string& name, double timeout_ms) {
    grpc::ClientContext context;
    v1::WaitOperationRequest request;
    request.set_name(name);
    request.set_timeout_ms(timeout_ms);
    return stub_->WaitOperation(&context, request, &operation_);
  }

  v1::Model model_;
  google::longrunning::Operation operation_;
};

TEST_F(ModelServiceTest, AModelSaysWhatBecameOfEachVersion) {
  ASSERT_TRUE(Get("models/tumour").ok());
  EXPECT_EQ(model_.name(), "models/tumour");
  EXPECT_EQ(model_.default_version(), "1");
  EXPECT_EQ(model_.canary_version(), "2");
  EXPECT_EQ(model_.canary_share(), 0.25);
  ASSERT_EQ(model_.versions_size(), 2);
  EXPECT_EQ(model_.versions(0).state(), v1::MODEL_VERSION_STATE_READY);
  EXPECT_TRUE(model_.versions(0).answers());
  EXPECT_EQ(model_.versions(0).platform(), "onnxruntime_onnx");
  EXPECT_EQ(model_.versions(0).load_ms(), 12);
  EXPECT_EQ(model_.versions(1).state(), v1::MODEL_VERSION_STATE_FAILED);
  EXPECT_EQ(model_.versions(1).reason(), "models/tumour/2/model.onnx: is no model");
}

TEST_F(ModelServiceTest, ModelsAreListedByName) {
  grpc::ClientContext context;
  v1::ListModelsResponse models;
  ASSERT_TRUE(stub_->ListModels(&context, {}, &models).ok());
  ASSERT_EQ(models.models_size(), 2);
  EXPECT_EQ(models.models(0).name(), "models/digits");
  EXPECT_EQ(models.models(1).name(), "models/tumour");
}

TEST_F(ModelServiceTest, WhatIsDoneHoldsWhatBecameOfTheModel) {
  ASSERT_TRUE(Load("models/digits").ok());
  ASSERT_TRUE(operation_.done());
  ASSERT_TRUE(operation_.response().UnpackTo(&model_));
  EXPECT_EQ(model_.versions(0).state(), v1::MODEL_VERSION_STATE_READY);
  ASSERT_TRUE(Unload("models/digits").ok());
  ASSERT_TRUE(operation_.response().UnpackTo(&model_));
  EXPECT_EQ(model_.versions(0).state(), v1::MODEL_VERSION_STATE_UNLOADED);
}

TEST_F(ModelServiceTest, AnOperationThatGoesOnSaysWhatItIsAboutAndHowManyComeBefore) {
  control_.HoldChanges();
  ASSERT_TRUE(Load("models/digits").ok());
  ASSERT_TRUE(Unload("models/tumour").ok());
  EXPECT_FALSE(operation_.done());
  v1::ModelOperation metadata;
  ASSERT_TRUE(operation_.metadata().UnpackTo(&metadata));
  EXPECT_EQ(metadata.kind(), v1::MODEL_OPERATION_KIND_UNLOAD);
  EXPECT_EQ(metadata.model(), "models/tumour");
  EXPECT_THAT(metadata.requested_by(), HasSubstr("127.0.0.1"));
  EXPECT_EQ(metadata.started_unix_ms(), 1'700'000'000'000);
  EXPECT_EQ(metadata.ended_unix_ms(), 0);
  EXPECT_EQ(metadata.ahead(), 1);
  control_.EndChanges();
}

TEST_F(ModelServiceTest, WhoWaitsIsAnsweredWhenItIsDone) {
  control_.HoldChanges();
  ASSERT_TRUE(Load("models/digits").ok());
  const std::string name = operation_.name();
  std::jthread ending([this, &name] {
    // Ends it once the wait is there, or ends it before: both are answered.
    grpc::ClientContext context;
    v1::GetOperationRequest request;
    request.set_name(name);
    google::longrunning::Operation now;
    static_cast<void>(stub_->GetOperation(&context, request, &now));
    control_.EndChanges();
  });
  ASSERT_TRUE(Wait(name, 60'000).ok());
  EXPECT_TRUE(operation_.done());
  EXPECT_EQ(operation_.name(), name);
}

TEST_F(ModelServiceTest, WhoWaitsTooLongIsAnsweredWithWhatGoesOn) {
  control_.HoldChanges();
  ASSERT_TRUE(Load("models/digits").ok());
  std::jthread time_passes([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      control_.Operations().Tell(SteadyTime::max());
      std::this_thread::yield();
    }
  });
  ASSERT_TRUE(Wait(operation_.name(), 60'000).ok());
  EXPECT_FALSE(operation_.done());
  time_passes.request_stop();
  time_passes.join();
  control_.EndChanges();
}

TEST_F(ModelServiceTest, WaitsOutOfRangeAndUnknownOperationsAreRefused) {
  for (const double timeout_ms : {-1.0, 60'001.0, std::nan("")}) {
    const grpc::Status status = Wait("operations/x", timeout_ms);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("timeout_ms: expected 0 to 60000"));
  }
  EXPECT_EQ(Wait("operations/x", 1).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Wait("models/x", 1).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ModelServiceTest, OperationsAreListedInTheOrderInWhichTheyWereBegun) {
  ASSERT_TRUE(Load("models/digits").ok());
  ASSERT_TRUE(Unload("models/digits").ok());
  grpc::ClientContext context;
  v1::ListOperationsRequest request;
  request.set_page_size(1);
  v1::ListOperationsResponse operations;
  ASSERT_TRUE(stub_->ListOperations(&context, request, &operations).ok());
  ASSERT_EQ(operations.operations_size(), 1);
  v1::ModelOperation metadata;
  ASSERT_TRUE(operations.operations(0).metadata().UnpackTo(&metadata));
  EXPECT_EQ(metadata.kind(), v1::MODEL_OPERATION_KIND_LOAD);
  EXPECT_FALSE(operations.next_page_token().empty());
}

TEST_F(ModelServiceTest, WhatDoesNotLoadIsAnInvalidArgumentWithTheReason) {
  ASSERT_TRUE(Load("models/broken").ok());
  EXPECT_EQ(operation_.error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(operation_.error().message(), HasSubstr("models/broken/1/model.onnx: is no model"));
  ASSERT_TRUE(Load("models/x").ok());
  EXPECT_EQ(operation_.error().code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ModelServiceTest, UnknownModelsAndOtherFormsOfNamesAreRefused) {
  EXPECT_EQ(Get("models/x").error_code(), grpc::StatusCode::NOT_FOUND);
  for (const char* const name : {"tumour", "models/", "endpoints/tumour", ""}) {
    const grpc::Status status = Unload(name);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), HasSubstr("models/tumour"));
  }
}

TEST_F(ModelServiceTest, ReloadEndsWithAllOfThem) {
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ReloadModels(&context, {}, &operation_).ok());
  v1::ReloadModelsResponse models;
  ASSERT_TRUE(operation_.response().UnpackTo(&models));
  EXPECT_EQ(models.models_size(), 2);
}

TEST_F(ModelServiceTest, EveryCallIsCounted) {
  static_cast<void>(Get("models/tumour"));
  static_cast<void>(Load("broken"));
  EXPECT_THAT(control_.Counted(), ElementsAre("GetModel OK", "LoadModel INVALID_ARGUMENT"));
}

TEST_F(ModelServiceTest, BatonctlShowsALineForEachVersion) {
  const auto done = RunProgram({BATONCTL_PATH, "--server", address_, "get", "models"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.out, HasSubstr("NAME    VERSION  STATE     ANSWERS  TRAFFIC"));
  EXPECT_THAT(done.out, HasSubstr("tumour  1        ready     yes      75%"));
  EXPECT_THAT(done.out, HasSubstr("tumour  2        failed    no       25%"));
}

TEST_F(ModelServiceTest, BatonctlSaysWhyAModelDoesNotLoadAndFails) {
  const auto done = RunProgram({BATONCTL_PATH, "--server", address_, "load", "broken"});
  EXPECT_NE(done.exit_code, 0);
  EXPECT_THAT(done.err, HasSubstr("models/broken/1/model.onnx: is no model"));
}

TEST_F(ModelServiceTest, BatonctlWaitsNoLongerThanItIsToldAndSaysWhatGoesOn) {
  control_.HoldChanges();
  const std::vector<std::string> words = {BATONCTL_PATH, "--server", address_, "--timeout",
                                          "2s",          "load",     "digits"};
  std::jthread time_passes([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      control_.Operations().Tell(SteadyTime::max());
      std::this_thread::yield();
    }
  });
  const auto done = RunProgram(words);
  EXPECT_EQ(done.exit_code, 6);
  EXPECT_THAT(done.err, HasSubstr("goes on; to wait for it: batonctl wait "));
  time_passes.request_stop();
  time_passes.join();
  control_.EndChanges();
  const std::string name = done.err.substr(done.err.rfind(' ') + 1);
  const auto waited =
      RunProgram({BATONCTL_PATH, "--server", address_, "wait", name.substr(0, name.find('\n'))});
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_THAT(waited.out, HasSubstr("digits"));
}

TEST_F(ModelServiceTest, BatonctlShowsOperations) {
  const auto begun = RunProgram(
      {BATONCTL_PATH, "--server", address_, "load", "broken", "--no-wait", "-o", "name"});
  EXPECT_EQ(begun.exit_code, 0);
  EXPECT_THAT(begun.out, HasSubstr("operations/"));
  const auto shown = RunProgram({BATONCTL_PATH, "--server", address_, "get", "operations"});
  EXPECT_THAT(shown.out, HasSubstr("failed"));
  EXPECT_THAT(shown.out, HasSubstr("is no model"));
  const auto yaml =
      RunProgram({BATONCTL_PATH, "--server", address_, "get", "operations", "-o", "yaml"});
  EXPECT_THAT(yaml.out, HasSubstr("kind: MODEL_OPERATION_KIND_LOAD"));
}

}  // namespace
}  // namespace baton::admin
