// Models over a real channel and a fake control port, as messages and as batonctl shows them.
#include <memory>
#include <stdexcept>
#include <string>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "admin/service/admin_server.h"
#include "server/rpc/call_queue.h"
#include "tests/admin/fake_control_port.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelServiceTest : public ::testing::Test {
 protected:
  ModelServiceTest() {
    auto started = AdminServer::Start(
        {.address = {.off = false, .host = "127.0.0.1", .port = 0}, .unix_socket = {}}, control_,
        queue_);
    if (!started) throw std::runtime_error(started.error().message);
    server_ = *std::move(started);
    queue_.RunByItself();
    address_ = "127.0.0.1:" + std::to_string(server_->port());
    stub_ = v1::AdminService::NewStub(
        grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  }

  template <typename Request, typename Method>
  grpc::Status Ask(Method method, const std::string& name) {
    grpc::ClientContext context;
    Request request;
    request.set_name(name);
    return (stub_.get()->*method)(&context, request, &model_);
  }
  grpc::Status Get(const std::string& name) {
    return Ask<v1::GetModelRequest>(&v1::AdminService::Stub::GetModel, name);
  }
  grpc::Status Load(const std::string& name) {
    return Ask<v1::LoadModelRequest>(&v1::AdminService::Stub::LoadModel, name);
  }
  grpc::Status Unload(const std::string& name) {
    return Ask<v1::UnloadModelRequest>(&v1::AdminService::Stub::UnloadModel, name);
  }

  FakeControlPort control_;
  rpc::CallQueue queue_;
  std::unique_ptr<AdminServer> server_;
  std::string address_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
  v1::Model model_;
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

TEST_F(ModelServiceTest, LoadAndUnloadAnswerWithWhatBecameOfIt) {
  ASSERT_TRUE(Load("models/digits").ok());
  EXPECT_EQ(model_.versions(0).state(), v1::MODEL_VERSION_STATE_READY);
  ASSERT_TRUE(Unload("models/digits").ok());
  EXPECT_EQ(model_.versions(0).state(), v1::MODEL_VERSION_STATE_UNLOADED);
}

TEST_F(ModelServiceTest, WhatDoesNotLoadIsAnInvalidArgumentWithTheReason) {
  const grpc::Status status = Load("models/broken");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("models/broken/1/model.onnx: is no model"));
}

TEST_F(ModelServiceTest, UnknownModelsAndOtherFormsOfNamesAreRefused) {
  EXPECT_EQ(Get("models/x").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Load("models/x").error_code(), grpc::StatusCode::NOT_FOUND);
  for (const char* const name : {"tumour", "models/", "endpoints/tumour", ""}) {
    const grpc::Status status = Unload(name);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), HasSubstr("models/tumour"));
  }
}

TEST_F(ModelServiceTest, ReloadAnswersWithAllOfThem) {
  grpc::ClientContext context;
  v1::ReloadModelsResponse models;
  ASSERT_TRUE(stub_->ReloadModels(&context, {}, &models).ok());
  EXPECT_EQ(models.models_size(), 2);
}

TEST_F(ModelServiceTest, EveryCallIsCounted) {
  static_cast<void>(Get("models/tumour"));
  static_cast<void>(Load("models/broken"));
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

}  // namespace
}  // namespace baton::admin
