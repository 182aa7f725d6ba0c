// How every command of batonctl ends.
#include "admin/ctl/printing.h"

#include <iostream>
#include <string_view>
#include <vector>

#include "server/base/nearest_word.h"

namespace baton::ctl {

ExitCode Complain(ExitCode code, const std::string& message) {
  std::cerr << "batonctl: " << message << '\n';
  return code;
}

ExitCode Complain(const Error& error) { return Complain(ToExitCode(error.code), error.message); }

void Warn(const std::string& message) { std::cerr << "batonctl: warning: " << message << '\n'; }

ExitCode Print(const std::string& text, ExitCode code) {
  std::cout << text << std::flush;
  if (!std::cout) return Complain(ExitCode::kRefused, "cannot write to standard output");
  return code;
}

std::string MeantText(const std::string& word, std::span<const std::string> words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const std::string_view nearest = NearestWord(word, views);
  return nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?";
}

}  // namespace baton::ctl
