// Flags over environment variables over the file over defaults.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/configuration.h"

namespace baton::config {

// As it stood on the command line: {"--workers", "4"}, {"--limit", "body_bytes=1MiB"},
// {"--endpoint", "tumour:max_workers=2"}, {"--static", "/static=/srv"}; {"--watch-models", "true"}.
struct GivenFlag {
  std::string option;
  std::string text;
};
// Errors: kInvalidArgument with everything that is wrong, "flag --limit body_bytes: ...".
Result<Configuration> ReadFlags(std::span<const GivenFlag> flags);

// "BATON_LIMITS_BODY_BYTES" for "limits.body_bytes".
std::string VariableOf(const std::string& path);

struct Environment {
  Configuration configuration;
  std::vector<std::string> unknown;  // names that begin with BATON_ and mean nothing here
};
// Takes `variables`, NAME=VALUE each, as main gets them; BATON_CONFIG names the file. What begins
// with the name of a section, or nearly is the name of a setting, was meant for us and is refused;
// other unknown names may belong to others.
Result<Environment> ReadEnvironment(std::span<const std::string> variables);

struct Sources {
  std::string file;  // of --config; empty: that of BATON_CONFIG, if any
  std::vector<std::string> environment;
  std::vector<GivenFlag> flags;
};
// The file that is read; empty where there is none.
std::string FileOf(const Sources& sources);

struct Loaded {
  Configuration configuration;  // every layer, one over the other
  std::vector<std::string> unknown_variables;
};
// Errors: kInvalidArgument with everything that is wrong in any of them, and, when all of them read
// well, with everything that is wrong with the whole (CheckWhole); a line each.
Result<Loaded> Load(const Sources& sources);

}  // namespace baton::config
