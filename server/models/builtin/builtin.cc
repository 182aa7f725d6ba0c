// The table of kinds.
#include "server/models/builtin/builtin.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "server/models/builtin/kinds.h"

namespace baton::models {
namespace {

struct Kind {
  std::string_view name;
  Result<std::unique_ptr<Model>> (*make)(ModelInfo info, const Parameters& parameters);
  std::vector<std::string_view> keys;
};

const std::array<Kind, 5>& Kinds() {
  static const std::array<Kind, 5> kinds = {
      Kind{"identity", &MakeIdentity, {"kind", "datatype", "shape"}},
      Kind{"reverse", &MakeReverse, {"kind"}},
      Kind{"linear", &MakeLinear, {"kind", "weights", "bias"}},
      Kind{"sleeper", &MakeSleeper, {"kind"}},
      Kind{"spinner", &MakeSpinner, {"kind"}},
  };
  return kinds;
}

}  // namespace

Result<std::unique_ptr<Model>> MakeBuiltin(std::string name, std::string version,
                                           const Parameters& parameters) {
  const auto given = parameters.find("kind");
  const std::string_view kind_name = given == parameters.end() ? std::string_view() : given->second;
  const auto& kinds = Kinds();
  const auto* const kind = std::find_if(
      kinds.begin(), kinds.end(), [kind_name](const Kind& each) { return each.name == kind_name; });
  if (kind == kinds.end()) {
    return BadParameter("kind", "identity, reverse, linear, sleeper or spinner", kind_name);
  }
  const std::string platform = "builtin_" + std::string(kind->name);
  const std::string whose = "the builtin '" + std::string(kind->name) + "'";
  if (Status status = CheckKeys(parameters, kind->keys, whose); !status) {
    return tl::unexpected(std::move(status.error()));
  }
  return kind->make(ModelInfo{std::move(name), std::move(version), platform, {}, {}}, parameters);
}

}  // namespace baton::models
