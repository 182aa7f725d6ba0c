// Paths as they are written, and as they are with their links followed: a certificate of Let's
// Encrypt is a link into another folder, and a model's version may be one, too.
#include "server/app/paths_of.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "server/app/mistakes.h"
#include "server/config/differences.h"
#include "server/config/settings.h"

namespace baton::app {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

constexpr int kLinksBelow = 2;            // <model>/<version>
constexpr std::size_t kMostLinks = 4096;  // that are followed

// An operator's relative path, whatever the folder.
fs::path Absolute(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal();
}

// With the folder a file may be replaced; one right below the root would open everything.
void AddFolderOf(const fs::path& file, Paths& paths) {
  const auto add = [&paths](const fs::path& one) {
    const fs::path folder = one.parent_path();
    paths.push_back(folder == folder.root_path() ? one : folder);
  };
  add(Absolute(file));
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (!error) add(real);
}

// With the folders that links in it lead to.
void AddFolder(const fs::path& folder, Paths& paths) {
  paths.push_back(Absolute(folder));
  std::error_code error;
  std::size_t left = kMostLinks;
  constexpr auto kPastOthers = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(folder, kPastOthers, error), end;
       !error && entry != end && left > 0; entry.increment(error)) {
    if (entry.depth() >= kLinksBelow) entry.disable_recursion_pending();
    std::error_code no_link;
    if (!entry->is_symlink(no_link)) continue;
    --left;
    const fs::path real = fs::canonical(entry->path(), no_link);
    if (!no_link) paths.push_back(real);
  }
}

std::vector<std::string> SplitAtColons(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string VariableIn(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment) {
    if (variable.starts_with(name) && variable.substr(name.size()).starts_with("=")) {
      return variable.substr(name.size() + 1);
    }
  }
  return "";
}

Status AddGiven(const config::Value& value, Paths& paths) {
  for (const std::string& part : SplitAtColons(value.text)) {
    std::error_code error;
    if (!fs::exists(part, error)) {
      return Fail(ErrorCode::kInvalidArgument,
                  value.origin + ": " + value.key + ": expected paths with colons between, got '" +
                      part + "', which is not there",
                  value.key);
    }
    paths.push_back(Absolute(part));
  }
  return {};
}

// A log's file is made anew in its folder once it has been renamed; a device or a pipe never is.
void AddLogFile(const fs::path& file, Paths& paths) {
  std::error_code error;
  const bool is_there = fs::exists(file, error);
  const fs::path real = fs::canonical(file, error);
  const bool has_no_path = bool{error};  // such as a pipe behind /dev/stderr
  const bool is_other = is_there && (has_no_path || !fs::is_regular_file(real, error));
  if (is_other) return paths.push_back(Absolute(file));
  // A link's own folder is not needed: /dev is that of /dev/stderr.
  AddFolderOf(has_no_path ? file : real, paths);
}

// The socket of the admin plane: in a folder that it may have to make first.
void AddSocket(const std::string& text, const std::vector<std::string>& environment, Paths& paths) {
  if (text == "off") return;
  if (text != "auto") return paths.push_back(Absolute(text).parent_path());
  paths.emplace_back("/run");
  paths.emplace_back(VariableIn(environment, "XDG_RUNTIME_DIR"));
}

// What help calls the value of each setting.
std::map<std::string, std::string> Placeholders() {
  std::map<std::string, std::string> placeholders;
  for (const config::KnownSetting& setting : config::AllSettings()) {
    placeholders[setting.path] = config::RulesOf(*setting.field).placeholder();
  }
  return placeholders;
}

Status AddSetting(const config::Value& value, const std::string& placeholder,
                  const std::vector<std::string>& environment, lifecycle::PathNeeds& needs) {
  if (value.key == "process.readable_paths") return AddGiven(value, needs.read);
  if (value.key == "process.writable_paths") return AddGiven(value, needs.write);
  if (value.key == "log.file") AddLogFile(value.text, needs.write);
  if (value.key == "admin.socket") AddSocket(value.text, environment, needs.sockets);
  if (placeholder == "FILE") AddFolderOf(value.text, needs.read);
  const bool is_folder = placeholder == "DIR" || value.key.starts_with("static_files.");
  if (is_folder) AddFolder(value.text, needs.read);
  return {};
}

void AddLibraries(const std::vector<std::string>& environment, Paths& paths) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) AddFolder(program.parent_path().parent_path() / "lib", paths);
  for (const std::string& folder : SplitAtColons(VariableIn(environment, "LD_LIBRARY_PATH"))) {
    paths.push_back(Absolute(folder));
  }
}

}  // namespace

Result<lifecycle::PathNeeds> PathsOf(const config::Configuration& configuration,
                                     const config::Sources& sources) {
  lifecycle::PathNeeds needs;
  Mistakes mistakes;
  const std::map<std::string, std::string> placeholders = Placeholders();
  for (const config::Value& value : config::ValuesOf(configuration)) {
    if (value.text.empty()) continue;
    const auto placeholder = placeholders.find(value.key);
    mistakes.Add(AddSetting(value, placeholder == placeholders.end() ? "" : placeholder->second,
                            sources.environment, needs));
  }
  if (const std::string file = config::FileOf(sources); !file.empty()) {
    AddFolderOf(file, needs.read);
  }
  AddLibraries(sources.environment, needs.read);
  if (const Status status = mistakes.ToStatus(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  return needs;
}

}  // namespace baton::app
