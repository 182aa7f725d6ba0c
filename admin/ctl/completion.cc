// The words before the last one say where in the tree it stands.
#include "admin/ctl/completion.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace baton::ctl {
namespace {

using manual::CommandOption;
using manual::CommandTree;

constexpr const char* kBash =
    R"(# Completion of batonctl in bash: source <(batonctl completion bash)
_batonctl() {
  local line="${COMP_LINE:0:COMP_POINT}" words current split="" candidate
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="${words[-1]}"
  # The shell takes what stands behind such a letter for a word of its own.
  [[ $current == *[=:]* ]] && split="${current%"${current##*[=:]}"}"
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    COMPREPLY+=("${candidate#"$split"}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _batonctl batonctl
)";

constexpr const char* kZsh = R"(#compdef batonctl
# Completion of batonctl in zsh: source <(batonctl completion zsh), after compinit; or this file as
# _batonctl in a folder of fpath.
_batonctl() {
  local line text
  local -a whole open
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    text="${${line%%$'\t'*}//:/\\:}"
    if [[ $text == *= ]]; then
      open+=("$text:${line#*$'\t'}")
    else
      whole+=("$text:${line#*$'\t'}")
    fi
  done
  (( ${#whole} )) && _describe -t values value whole
  (( ${#open} )) && _describe -t settings setting open -S ''
}
if [[ ${funcstack[1]} == _batonctl ]]; then
  _batonctl
else
  compdef _batonctl batonctl
fi
)";

constexpr const char* kFish = R"(# Completion of batonctl in fish: batonctl completion fish | source
function __batonctl_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  command $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c batonctl -f -a '(__batonctl_complete)'
)";

// Where on the command line the last word stands.
struct Place {
  std::vector<const CommandTree*> path;   // commands, from the program on
  const CommandOption* option = nullptr;  // whose value it is
  std::size_t arguments = 0;              // that the last command has already
  TypedTarget target;
};

const CommandOption* FindOption(const Place& place, std::string_view name) {
  for (const CommandTree* const command : place.path) {
    for (const CommandOption& option : command->options) {
      const bool is_it =
          std::find(option.names.begin(), option.names.end(), name) != option.names.end();
      if (is_it && !option.is_argument) return &option;
    }
  }
  return nullptr;
}

void TakeValue(const CommandOption& option, const std::string& value, Place& place) {
  if (option.names.back() == "--server") place.target.server = value;
  if (option.names.back() == "--context") place.target.context = value;
}

void TakeWord(const std::string& word, Place& place) {
  if (place.option != nullptr) return TakeValue(*std::exchange(place.option, nullptr), word, place);
  if (word.starts_with('-')) {
    const std::size_t equals = word.find('=');
    const CommandOption* const option = FindOption(place, std::string_view(word).substr(0, equals));
    if (option == nullptr || option->kind.empty()) return;
    if (equals == word.npos) {
      place.option = option;
    } else {
      TakeValue(*option, word.substr(equals + 1), place);
    }
    return;
  }
  const auto& commands = place.path.back()->commands;
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandTree& one) { return one.name == word; });
  if (found == commands.end()) {
    ++place.arguments;
  } else {
    place.path.push_back(&*found);
    place.arguments = 0;
  }
}

void AddOptions(const Place& place, std::vector<Candidate>& candidates) {
  for (const CommandTree* const command : place.path) {
    for (const CommandOption& option : command->options) {
      const bool is_once = option.names.back() == "--help" || option.names.back() == "--version";
      if (option.is_argument || (is_once && command != place.path.back())) continue;
      candidates.push_back({option.names.back(), option.help});
    }
  }
}

void AddValues(const CommandOption& option, const Place& place, const ValuesOf& values,
               std::vector<Candidate>& candidates) {
  for (const std::string& word : option.words) candidates.push_back({word, ""});
  if (!option.words.empty()) return;
  for (std::string& value : values(option.kind, place.path.back()->name, place.target)) {
    candidates.push_back({std::move(value), ""});
  }
}

// The argument that comes next; none when there are no more.
const CommandOption* NextArgument(const Place& place) {
  std::size_t index = 0;
  for (const CommandOption& option : place.path.back()->options) {
    if (!option.is_argument) continue;
    if (option.is_repeated || index == place.arguments) return &option;
    ++index;
  }
  return nullptr;
}

std::vector<Candidate> CandidatesAt(const Place& place, const std::string& word,
                                    const ValuesOf& values) {
  std::vector<Candidate> candidates;
  const std::size_t equals = word.find('=');
  if (place.option != nullptr) {
    AddValues(*place.option, place, values, candidates);
  } else if (word.starts_with("--") && equals != word.npos) {
    const CommandOption* const option = FindOption(place, std::string_view(word).substr(0, equals));
    if (option != nullptr) AddValues(*option, place, values, candidates);
    for (Candidate& one : candidates) one.text = word.substr(0, equals + 1) + one.text;
  } else if (word.starts_with('-')) {
    AddOptions(place, candidates);
  } else {
    for (const CommandTree& command : place.path.back()->commands) {
      candidates.push_back({command.name, command.help});
    }
    const CommandOption* const argument = NextArgument(place);
    if (argument != nullptr) AddValues(*argument, place, values, candidates);
  }
  return candidates;
}

}  // namespace

std::vector<Candidate> Complete(const CommandTree& tree, std::span<const std::string> words,
                                const ValuesOf& values) {
  Place place;
  place.path.push_back(&tree);
  const std::string word = words.empty() ? "" : words.back();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) TakeWord(words[i], place);
  std::vector<Candidate> candidates = CandidatesAt(place, word, values);
  std::erase_if(candidates, [&](const Candidate& one) { return !one.text.starts_with(word); });
  return candidates;
}

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : "";
}

}  // namespace baton::ctl
