// The admin listener: addresses, health, reflection, stopping.
#include "admin/service/admin_server.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "server/base/fd.h"
#include "server/rpc/call_queue.h"
#include "tests/admin/fake_control_port.h"
#include "tests/support/temporary_folder.h"

namespace baton::admin {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kServiceName[] = "baton.admin.v1.AdminService";

AdminServer::Options AnyPort() {
  AdminServer::Options options;
  options.address.port = 0;
  return options;
}

class AdminServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<AdminServer> StartServer(const AdminServer::Options& options = AnyPort()) {
    auto started = AdminServer::Start(options, control_, queue_);
    if (!started) throw std::runtime_error(started.error().message);
    queue_.RunByItself();
    return *std::move(started);
  }
  static std::shared_ptr<grpc::Channel> ChannelTo(const AdminServer& server) {
    return ChannelTo("127.0.0.1:" + std::to_string(server.port()));
  }
  static std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
    return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  }
  static grpc::Status GetPool(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::Pool pool;
    return v1::AdminService::NewStub(channel)->GetPool(&context, {}, &pool);
  }

  std::string SocketPath() const { return (folder_.path() / "admin.sock").string(); }

  const testing_support::TemporaryFolder folder_;
  FakeControlPort control_;
  rpc::CallQueue queue_;
};

TEST_F(AdminServerTest, APortInUseIsAnErrorThatSaysSo) {
  const auto first = StartServer();
  ASSERT_GT(first->port(), 0);
  AdminServer::Options same;
  same.address.port = first->port();
  const auto second = AdminServer::Start(same, control_, queue_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr("127.0.0.1:" + std::to_string(first->port())),
                                            HasSubstr("Address already in use")));
}

TEST_F(AdminServerTest, AnAddressOfAnotherMachineIsAnErrorThatSaysSo) {
  AdminServer::Options options = AnyPort();
  options.address.host = "192.0.2.1";
  const auto server = AdminServer::Start(options, control_, queue_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("Cannot assign requested address"));
}

TEST_F(AdminServerTest, AnAddressThatIsOffIsRefused) {
  AdminServer::Options options;
  options.address.off = true;
  const auto server = AdminServer::Start(options, control_, queue_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(AdminServerTest, AUnixSocketServesItsOwnerAndIsNotTakenFromALivingServer) {
  AdminServer::Options options = AnyPort();
  options.unix_socket = SocketPath();
  const auto first = StartServer(options);
  EXPECT_GT(first->port(), 0);
  EXPECT_TRUE(GetPool(ChannelTo(*first)).ok());
  EXPECT_TRUE(GetPool(ChannelTo("unix:" + options.unix_socket)).ok());
  struct stat info {};
  ASSERT_EQ(::stat(options.unix_socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);

  const auto second = AdminServer::Start(options, control_, queue_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another server does"));
  EXPECT_TRUE(GetPool(ChannelTo("unix:" + options.unix_socket)).ok());
}

TEST_F(AdminServerTest, AUnixSocketMayBeTheOnlyDoorAndIsGoneWithItsServer) {
  AdminServer::Options options;
  options.address.off = true;
  options.unix_socket = SocketPath();
  auto server = StartServer(options);
  EXPECT_EQ(server->port(), 0);
  EXPECT_TRUE(GetPool(ChannelTo("unix:" + options.unix_socket)).ok());
  server.reset();
  EXPECT_NE(::access(options.unix_socket.c_str(), F_OK), 0);
}

TEST_F(AdminServerTest, TheSocketOfAServerThatHasGoneIsReplaced) {
  AdminServer::Options options = AnyPort();
  options.unix_socket = SocketPath();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  options.unix_socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const UniqueFd gone(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(gone.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto server = StartServer(options);
  EXPECT_TRUE(GetPool(ChannelTo("unix:" + options.unix_socket)).ok());
}

TEST_F(AdminServerTest, AFileThatIsNoSocketIsLeftAlone) {
  AdminServer::Options options = AnyPort();
  options.unix_socket = SocketPath();
  std::ofstream(options.unix_socket) << "mine";
  const auto server = AdminServer::Start(options, control_, queue_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message,
              AllOf(HasSubstr("unix:" + options.unix_socket), HasSubstr("Address already in use")));
  EXPECT_EQ(std::filesystem::file_size(options.unix_socket), 4U);
}

TEST_F(AdminServerTest, TheMaskForNewFilesIsAsItWas) {
  AdminServer::Options options = AnyPort();
  options.unix_socket = SocketPath();
  const mode_t before = ::umask(0002);
  const auto server = StartServer(options);
  EXPECT_EQ(::umask(before), 0002U);
}

TEST_F(AdminServerTest, AUnixSocketWithTooLongAPathIsRefused) {
  AdminServer::Options options = AnyPort();
  options.unix_socket = "/" + std::string(107, 'a');
  const auto server = AdminServer::Start(options, control_, queue_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("at most 107 bytes, got 108"));
}

TEST_F(AdminServerTest, HealthFollowsServingAndIsCounted) {
  using grpc::health::v1::HealthCheckResponse;
  const auto server = StartServer();
  const auto health = grpc::health::v1::Health::NewStub(ChannelTo(*server));
  const auto check = [&health](const std::string& service) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, request, &response);
    return status.ok() ? response.status() : HealthCheckResponse::SERVICE_UNKNOWN;
  };
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(check(kServiceName), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("nobody"), HealthCheckResponse::SERVICE_UNKNOWN);
  server->SetServing(false);
  EXPECT_EQ(check(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check(kServiceName), HealthCheckResponse::NOT_SERVING);
  EXPECT_TRUE(GetPool(ChannelTo(*server)).ok());
  server->SetServing(true);
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
  EXPECT_THAT(control_.Counted(), Contains("Check OK"));
  EXPECT_THAT(control_.Counted(), Contains("Check NOT_FOUND"));
}

TEST_F(AdminServerTest, AStreamMayComeAnotherWay) {
  const auto server = StartServer();
  const control::Caller caller{.name = "olga", .from = "ipv4:127.0.0.1:5000"};
  int told = 0;
  auto opened = server->Open("WatchStatus", caller, "", [&told] { ++told; });
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->Next());
  EXPECT_FALSE((*opened)->Next()) << "there is nothing newer";
  control::StatusSample sample;
  sample.number = 5;
  control_.status_feed().Publish(std::move(sample));
  EXPECT_EQ(told, 1);
  v1::StatusUpdate update;
  ASSERT_TRUE(update.ParseFromString((*opened)->Next().value_or("")));
  EXPECT_EQ(update.number(), 5U);
  EXPECT_FALSE((*opened)->HasEnded());
  opened->reset();
  control_.status_feed().Publish({});
  EXPECT_EQ(told, 1) << "nobody is told any more";
}

TEST_F(AdminServerTest, ACaptureComesAnotherWayToItsEnd) {
  const auto server = StartServer();
  v1::CaptureRequestsRequest request;
  request.set_max_requests(100'000);
  const auto code_of = [&server](const std::string& method, const std::string& message) {
    const auto refused = server->Open(method, {}, message, [] {});
    return refused ? std::nullopt : std::optional(refused.error().code);
  };
  EXPECT_EQ(code_of("CaptureRequests", request.SerializeAsString()), ErrorCode::kInvalidArgument);
  auto opened = server->Open("CaptureRequests", {}, "", [] {});
  ASSERT_TRUE(opened);
  EXPECT_EQ(code_of("CaptureRequests", ""), ErrorCode::kResourceExhausted);
  EXPECT_TRUE((*opened)->Next());
  EXPECT_FALSE((*opened)->Next());
  control_.captures().Look(SteadyTime() + 1h, false);
  v1::CaptureRequestsResponse last;
  ASSERT_TRUE(last.ParseFromString((*opened)->Next().value_or("")));
  EXPECT_EQ(last.progress().ended(), v1::CAPTURE_END_DURATION);
  EXPECT_TRUE((*opened)->HasEnded());
  EXPECT_FALSE((*opened)->Next());
  EXPECT_EQ(code_of("CaptureRequests", ""), std::nullopt) << "this one is over";
  EXPECT_EQ(code_of("GetPool", ""), ErrorCode::kUnsupported);
}

TEST_F(AdminServerTest, MethodsThatNobodyServesAreNotCounted) {
  const auto server = StartServer();
  grpc::TemplatedGenericStub<v1::GetPoolRequest, v1::Pool> stub(ChannelTo(*server));
  grpc::ClientContext context;
  const v1::GetPoolRequest request;
  v1::Pool response;
  std::promise<grpc::Status> answered;
  stub.UnaryCall(&context, "/made.up/Method", {}, &request, &response,
                 [&answered](grpc::Status status) { answered.set_value(std::move(status)); });
  const grpc::Status status = answered.get_future().get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(control_.Counted(), IsEmpty());
}

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <typename Version>
class ReflectionTest : public AdminServerTest {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  // One stream, all requests on it, their answers.
  std::vector<Response> Ask(const std::vector<Request>& requests) {
    const auto stub = Version::Service::NewStub(ChannelTo(*server_));
    grpc::ClientContext context;
    const auto stream = stub->ServerReflectionInfo(&context);
    std::vector<Response> responses;
    for (const Request& request : requests) {
      stream->Write(request);
      Response response;
      if (stream->Read(&response)) responses.push_back(response);
    }
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return responses;
  }

  static std::vector<std::string> FileNames(const Response& response) {
    std::vector<std::string> names;
    for (const std::string& text : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(text));
      names.push_back(file.name());
    }
    return names;
  }

  std::unique_ptr<AdminServer> server_ = this->StartServer();
};

using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, ListsEveryService) {
  typename TypeParam::Request request;
  request.set_list_services("*");
  const auto answers = this->Ask({request});
  ASSERT_EQ(answers.size(), 1U);
  std::vector<std::string> names;
  for (const auto& service : answers[0].list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(kServiceName, "grpc.health.v1.Health",
                                                     "grpc.channelz.v1.Channelz",
                                                     "grpc.reflection.v1.ServerReflection",
                                                     "grpc.reflection.v1alpha.ServerReflection"));
}

TYPED_TEST(ReflectionTest, DescribesEveryListedServiceWithAllThatItImports) {
  std::vector<typename TypeParam::Request> requests(3);
  requests[0].set_file_containing_symbol(kServiceName);
  requests[1].set_file_containing_symbol("grpc.health.v1.Health");
  requests[2].set_file_by_filename("baton/admin/v1/pool.proto");
  const auto answers = this->Ask(requests);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_THAT(
      this->FileNames(answers[0]),
      ::testing::UnorderedElementsAre(
          "baton/admin/v1/admin_service.proto", "baton/admin/v1/admission.proto",
          "baton/admin/v1/capture.proto", "baton/admin/v1/change.proto",
          "baton/admin/v1/config.proto", "baton/admin/v1/connection.proto",
          "baton/admin/v1/drain.proto", "baton/admin/v1/endpoint.proto",
          "baton/admin/v1/http_rule.proto", "baton/admin/v1/limits.proto",
          "baton/admin/v1/logging.proto", "baton/admin/v1/miss.proto", "baton/admin/v1/model.proto",
          "baton/admin/v1/pool.proto", "baton/admin/v1/server_status.proto",
          "baton/admin/v1/setting.proto", "baton/admin/v1/status_update.proto",
          "google/api/annotations.proto", "google/api/client.proto",
          "google/api/field_behavior.proto", "google/api/http.proto",
          "google/api/launch_stage.proto", "google/longrunning/operations.proto",
          "google/protobuf/any.proto", "google/protobuf/descriptor.proto",
          "google/protobuf/duration.proto", "google/protobuf/empty.proto",
          "google/protobuf/field_mask.proto", "google/rpc/status.proto"));
  EXPECT_THAT(this->FileNames(answers[1]), ::testing::SizeIs(1));
  EXPECT_THAT(this->FileNames(answers[2]),
              ::testing::ElementsAre("baton/admin/v1/pool.proto", "baton/admin/v1/change.proto"));
}

TYPED_TEST(ReflectionTest, WhatIsUnknownOrMissingIsAnErrorAndTheStreamGoesOn) {
  std::vector<typename TypeParam::Request> requests(6);
  requests[0].set_file_containing_symbol("no.such.Symbol");
  requests[1].set_file_by_filename("no_such.proto");
  requests[2].mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.FieldOptions");
  requests[3].set_all_extension_numbers_of_type("no.such.Type");
  // requests[4] asks for nothing.
  requests[5].set_all_extension_numbers_of_type("baton.admin.v1.Pool");
  const auto answers = this->Ask(requests);
  ASSERT_EQ(answers.size(), 6U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(answers[i].error_response().error_code(), grpc::StatusCode::NOT_FOUND) << i;
  }
  EXPECT_EQ(answers[4].error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(answers[5].all_extension_numbers_response().base_type_name(), "baton.admin.v1.Pool");
}

TEST_F(AdminServerTest, OneThatHasAnsweredNobodyStopsBesideAClient) {
  auto server = StartServer();
  const auto channel = ChannelTo(*server);
  EXPECT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::minutes(1)));
  server.reset();
  EXPECT_EQ(GetPool(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(AdminServerTest, StoppingEndsOpenStreamsAndRefusesNewCalls) {
  auto server = StartServer();
  const auto channel = ChannelTo(*server);
  const auto health = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext watch_context;
  const auto watch = health->Watch(&watch_context, {});
  grpc::health::v1::HealthCheckResponse update;
  ASSERT_TRUE(watch->Read(&update));
  const auto reflection = grpc::reflection::v1::ServerReflection::NewStub(channel);
  grpc::ClientContext reflection_context;
  const auto stream = reflection->ServerReflectionInfo(&reflection_context);
  V1::Request request;
  request.set_list_services("");
  V1::Response response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));

  // Left open, the two streams would hold the stop for this hour, and the test for its time limit.
  server->Stop(1h);
  while (watch->Read(&update)) {
  }
  EXPECT_FALSE(watch->Finish().ok());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(GetPool(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
  server->Stop(1h);
}

}  // namespace
}  // namespace baton::admin
