// What the manual of batonctl says besides its commands.
#include "admin/ctl/manual_facts.h"

#include <string>
#include <utility>

#include "admin/ctl/exit_code.h"

namespace baton::ctl {

manual::Program ManualOf(manual::CommandTree tree) {
  manual::Program program;
  program.tree = std::move(tree);
  for (const ExitCodeMeaning& one : ExitCodeMeanings()) {
    program.exit_codes.push_back(
        {std::to_string(static_cast<int>(one.code)), std::string(one.meaning)});
  }
  program.environment = {
      {"BATON_ADMIN", "the admin address of the server, where --server and --context say nothing"},
      {"BATONCTL_CA, BATONCTL_CERTIFICATE, BATONCTL_KEY, BATONCTL_TOKEN_FILE",
       "as --ca, --certificate, --key and --token-file, where no context says which server to ask"},
      {"BATON_CONTEXTS", "the file of contexts"},
      {"XDG_CONFIG_HOME", "where baton/contexts.yaml is looked for, in place of ~/.config"},
      {"COLUMNS", "how wide tables on a terminal may be; by default as wide as it is"},
      {"NO_COLOR", "set to anything: no colour, unless --color always asks for it"}};
  program.files = {{"~/.config/baton/contexts.yaml",
                    "contexts: servers by name, and the current one; written by batonctl context"}};
  program.see_also = {"baton-server(8)", "baton-client(1)"};
  return program;
}

}  // namespace baton::ctl
