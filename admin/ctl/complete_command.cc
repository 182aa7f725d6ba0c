// The values that only the server, the contexts or the topics know.
#include "admin/ctl/complete_command.h"

#include <iterator>
#include <string_view>
#include <vector>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/completion.h"
#include "admin/ctl/contexts.h"
#include "admin/ctl/printing.h"
#include "admin/ctl/topics.h"
#include "server/control/endpoint_settings.h"

namespace baton::ctl {
namespace {

constexpr Duration kPatience = std::chrono::milliseconds(500);

template <typename Resources>
void AddNames(const Resources& resources, std::vector<std::string>& names) {
  for (const auto& one : resources) names.push_back(one.name().substr(one.name().find('/') + 1));
}

std::vector<std::string> NamesFromServer(const std::string& kind, const TypedTarget& target) {
  std::vector<std::string> names;
  Target said;
  said.server = target.server;
  const Result<Target> found = TargetToAsk(said, target.context);
  if (!found) return names;
  Result<Reach> reach = ReadTarget(*found);
  if (!reach) return names;
  AdminClient client(*std::move(reach), kPatience);
  if (kind == "ENDPOINT") {
    if (const auto all = client.ListEndpoints()) AddNames(all->endpoints(), names);
  } else if (const auto all = client.ListModels()) {
    AddNames(all->models(), names);
  }
  return names;
}

std::vector<std::string> SettingsOf(const std::string& command) {
  if (command == "pool") return {"size="};
  std::vector<std::string> texts;
  for (const std::string_view key : control::EndpointKeys()) {
    texts.push_back(std::string(key) + "=");
    const auto add = [&](std::string_view word) {
      texts.push_back(std::string(key) + "=" + std::string(word));
    };
    if (key == "criticality") {
      for (const std::string_view word : control::kCriticalities) add(word);
    } else if (key == "fallback") {
      for (const std::string_view word : control::kFallbackKinds) add(word);
    }
  }
  return texts;
}

std::vector<std::string> Values(const std::string& kind, const std::string& command,
                                const TypedTarget& target) {
  if (kind == "ENDPOINT" || kind == "MODEL") return NamesFromServer(kind, target);
  if (kind == "KEY=VALUE") return SettingsOf(command);
  std::vector<std::string> values;
  if (kind == "CONTEXT") {
    if (const auto contexts = ReadContexts(ContextsFile())) values = contexts->Names();
  } else if (kind == "TERM") {
    for (const TopicGroup& group : Groups()) values.emplace_back(group.name);
    for (Topic& topic : AllTopics()) values.push_back(std::move(topic.term));
  }
  return values;
}

}  // namespace

ExitCode RunComplete(const manual::CommandTree& tree, std::span<const std::string> words) {
  std::string text;
  for (const Candidate& one : Complete(tree, words, Values)) {
    text += one.text + "\t" + one.help + "\n";
  }
  return Print(text);
}

}  // namespace baton::ctl
