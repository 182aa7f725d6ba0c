// The server has its own thread for as long as the test runs.
#include "tests/admin/served_fixture.h"

#include <stdexcept>
#include <utility>

#include <grpcpp/grpcpp.h>

namespace baton::admin {

ServedFixture::ServedFixture() {
  auto started = AdminServer::Start(
      {.address = {.off = false, .host = "127.0.0.1", .port = 0}, .unix_socket = {}}, control_,
      queue_);
  if (!started) throw std::runtime_error(started.error().message);
  server_ = *std::move(started);
  queue_.RunByItself();
  address_ = "127.0.0.1:" + std::to_string(server_->port());
  stub_ =
      v1::AdminService::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
}

ServedFixture::~ServedFixture() = default;

Outcome ServedFixture::Batonctl(std::vector<std::string> words) const {
  words.insert(words.begin(), BATONCTL_PATH);
  words.push_back("--server=" + address_);
  return RunProgram(words, {});
}

}  // namespace baton::admin
