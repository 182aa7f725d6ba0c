// baton-client: sends requests to a Baton server and offers it load.
#include <variant>

#include "client/cli/command_line.h"

namespace {

struct Runner {
  int operator()(const baton::client::Exit& exit) const { return exit.code; }
  int operator()(const baton::client::InferFlags& flags) const { return RunInfer(flags); }
  int operator()(const baton::client::LoadFlags& flags) const { return RunLoad(flags); }
  int operator()(const baton::client::OverloadFlags& flags) const { return RunOverload(flags); }
};

}  // namespace

int main(int argc, char** argv) {
  return std::visit(Runner{}, baton::client::ParseCommandLine(argc, argv));
}
