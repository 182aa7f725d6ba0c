// What tests of the admin service begin with: a server over a fake control port, and a client of
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gtest/gtest.h>

#include "admin/service/admin_server.h"
#include "server/rpc/call_queue.h"
#include "tests/admin/fake_control_port.h"
#include "tests/admin/subprocess.h"

namespace baton::admin {

// On loopback without a Unix socket, where nobody is asked for a name.
class ServedFixture : public ::testing::Test {
 protected:
  ServedFixture();
  ~ServedFixture() override;

  // `batonctl WORDS --server=...`, to its end.
  Outcome Batonctl(std::vector<std::string> words) const;

  FakeControlPort control_;
  rpc::CallQueue queue_;
  std::unique_ptr<AdminServer> server_;
  std::string address_;  // of the server
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

}  // namespace baton::admin
