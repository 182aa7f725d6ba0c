// What was probably meant.
#include "admin/ctl/command_hints.h"

#include <gmock/gmock.h>

namespace baton::ctl {
namespace {

using Words = std::vector<std::string>;

manual::CommandTree Tree() {
  manual::CommandOption server;
  server.names = {"--server"};
  manual::CommandOption etag;
  etag.names = {"-e", "--etag"};
  const manual::CommandTree pool{"pool", "", "", {etag}, {}};
  const manual::CommandTree endpoint{"endpoint", "", "", {}, {}};
  return {"prog", "", "", {server}, {{"get", "", "", {}, {pool, endpoint}}}};
}

TEST(CommandHintsTest, ACommandIsComparedWithThoseOfItsPlace) {
  EXPECT_EQ(UnknownText(Tree(), Words{"gt"}, "gt"),
            "unknown command 'gt' of prog; did you mean get?");
  EXPECT_EQ(UnknownText(Tree(), Words{"get", "endpiont"}, "endpiont"),
            "unknown command 'endpiont' of prog get; did you mean endpoint?");
  EXPECT_EQ(UnknownText(Tree(), Words{"get", "xyz"}, "xyz"), "unknown command 'xyz' of prog get");
}

TEST(CommandHintsTest, AnOptionIsComparedWithAllThatHoldThere) {
  EXPECT_EQ(UnknownText(Tree(), Words{"get", "pool", "--etg=1"}, "--etg=1"),
            "unknown option '--etg=1' of prog get pool; did you mean --etag?");
  EXPECT_EQ(UnknownText(Tree(), Words{"get", "pool", "--sever"}, "--sever"),
            "unknown option '--sever' of prog get pool; did you mean --server?");
}

TEST(CommandHintsTest, WhereNoCommandMayStandItIsAnArgument) {
  EXPECT_EQ(UnknownText(Tree(), Words{"get", "pool", "get"}, "gett"),
            "unknown argument 'gett' of prog get pool");
}

}  // namespace
}  // namespace baton::ctl
