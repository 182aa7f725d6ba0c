// Contexts as strict YAML in a file that is replaced whole.
#include "admin/ctl/contexts.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "admin/ctl/admin_client.h"
#include "admin/ctl/printing.h"
#include "server/base/fd.h"
#include "server/config/text.h"
#include "server/control/admin_socket.h"
#include "server/yaml/config_reader.h"
#include "server/yaml/text_file.h"

namespace baton::ctl {
namespace {

using yaml::ConfigReader;
using yaml::ConfigValue;

constexpr std::string_view kDefaultServer = "127.0.0.1:8081";
constexpr std::string_view kHead = "# Written by batonctl context; comments are not kept.\n";

void ReadServer(ConfigReader& reader, const ConfigValue& value, Target& target) {
  const auto parse = [](const std::string& text) -> Result<std::string> {
    if (const Status checked = CheckServer(text, ""); !checked) {
      return tl::unexpected<Error>(checked.error());
    }
    return text;
  };
  reader.Read(value, "HOST:PORT or unix:PATH", parse, target.server);
}

template <std::size_t I>
void ReadDoorKey(ConfigReader& reader, const ConfigValue& value, Target& target) {
  target.*kDoorKeys[I].second = reader.Text(value, "the path of a file").value_or("");
}

void ReadContext(ConfigReader& reader, const ConfigValue& value, Contexts& contexts) {
  static constexpr std::array<yaml::ConfigField<Target>, 5> kFields = {
      {{"server", ReadServer},
       {kDoorKeys[0].first, ReadDoorKey<0>},
       {kDoorKeys[1].first, ReadDoorKey<1>},
       {kDoorKeys[2].first, ReadDoorKey<2>},
       {kDoorKeys[3].first, ReadDoorKey<3>}}};
  if (const Status named = CheckContextName(value.node.key); !named) {
    return reader.Refuse(value, named.error().message);
  }
  const bool has_server = ReadFields(reader, value, kFields, contexts.servers[value.node.key])
                              .contains(std::string_view("server"));
  if (!has_server) reader.Refuse(value, "expected a server, HOST:PORT or unix:PATH");
}

void ReadAll(ConfigReader& reader, const ConfigValue& value, Contexts& contexts) {
  if (value.node.kind == yaml::YamlNode::Kind::kNothing) return;
  reader.EachEntry(value, "a map of contexts by their names",
                   [&](const ConfigValue& entry) { ReadContext(reader, entry, contexts); });
}

void ReadCurrent(ConfigReader& reader, const ConfigValue& value, Contexts& contexts) {
  contexts.current = reader.Text(value, "the name of a context").value_or("");
}

Error Unknown(const std::string& context, const Contexts& contexts) {
  return Error{ErrorCode::kNotFound,
               "no context \"" + context + "\"" + MeantText(context, contexts.Names()),
               {}};
}

std::string Variable(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

std::string DefaultServer() {
  for (const std::string& path : control::UsualAdminSockets(Variable("XDG_RUNTIME_DIR"))) {
    if (control::IsServed(path)) return "unix:" + path;
  }
  return std::string(kDefaultServer);
}

Target OfEnvironment(const std::string& server) {
  return {server, Variable("BATONCTL_CA"), Variable("BATONCTL_CERTIFICATE"),
          Variable("BATONCTL_KEY"), Variable("BATONCTL_TOKEN_FILE")};
}

// `target` with what was said besides its server.
Target With(const Target& said, Target target) {
  for (const auto& [key, path] : kDoorKeys) {
    if (!(said.*path).empty()) target.*path = said.*path;
  }
  return target;
}

Status Failed(const std::string& what, const std::filesystem::path& file) {
  return Fail(ErrorCode::kFailedPrecondition,
              "cannot " + what + " " + file.string() + ": " + std::strerror(errno));
}

Status WriteWhole(const std::filesystem::path& file, const std::string& text) {
  const UniqueFd written(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (written.get() < 0) return Failed("create", file);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(written.get(), text.data() + done, text.size() - done);
    if (count < 0) return Failed("write", file);
    done += static_cast<std::size_t>(count);
  }
  return ::fsync(written.get()) == 0 ? Status() : Failed("write", file);
}

}  // namespace

std::vector<std::string> Contexts::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, target] : servers) names.push_back(name);
  return names;
}

std::filesystem::path ContextsFile() {
  if (const std::string file = Variable("BATON_CONTEXTS"); !file.empty()) return file;
  const std::string folder = Variable("XDG_CONFIG_HOME");
  if (!folder.empty()) return std::filesystem::path(folder) / "baton" / "contexts.yaml";
  const std::string home = Variable("HOME");
  if (home.empty()) return {};
  return std::filesystem::path(home) / ".config" / "baton" / "contexts.yaml";
}

Result<Contexts> ParseContexts(const std::string& text, std::string_view file_name) {
  static constexpr std::array<yaml::ConfigField<Contexts>, 2> kFields = {
      {{"current", ReadCurrent}, {"contexts", ReadAll}}};
  const Result<yaml::YamlNode> tree = yaml::ParseYaml(text, file_name);
  if (!tree) return tl::unexpected<Error>(tree.error());
  Contexts contexts;
  if (tree->kind == yaml::YamlNode::Kind::kNothing) return contexts;
  ConfigReader reader{std::string(file_name)};
  ReadFields(reader, ConfigValue{*tree, ""}, kFields, contexts);
  if (const Status read = reader.status(); !read) return tl::unexpected<Error>(read.error());
  if (!contexts.current.empty() && !contexts.servers.contains(contexts.current)) {
    return Fail(ErrorCode::kInvalidArgument, std::string(file_name) + ": current: " +
                                                 Unknown(contexts.current, contexts).message);
  }
  return contexts;
}

std::string ToYaml(const Contexts& contexts) {
  std::string text;
  if (!contexts.current.empty()) text += "current: " + config::Quoted(contexts.current) + "\n";
  text += contexts.servers.empty() ? "contexts: {}\n" : "contexts:\n";
  for (const auto& [name, target] : contexts.servers) {
    text += "  " + config::Quoted(name) + ":\n    server: " + config::Quoted(target.server) + "\n";
    for (const auto& [key, path] : kDoorKeys) {
      if ((target.*path).empty()) continue;
      text += "    " + std::string(key) + ": " + config::Quoted(target.*path) + "\n";
    }
  }
  return text;
}

Result<Contexts> ReadContexts(const std::filesystem::path& file) {
  if (file.empty()) return Contexts();
  const Result<std::string> text = yaml::ReadTextFile(file);
  if (!text && text.error().code == ErrorCode::kNotFound) return Contexts();
  if (!text) return tl::unexpected<Error>(text.error());
  return ParseContexts(*text, file.string());
}

Status WriteContexts(const std::filesystem::path& file, const Contexts& contexts) {
  if (file.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "there is no place for contexts: set HOME, XDG_CONFIG_HOME or BATON_CONTEXTS");
  }
  std::error_code error;
  // A link stays one, and what it leads to is replaced.
  std::filesystem::path target = std::filesystem::weakly_canonical(file, error);
  if (error) target = file;
  std::filesystem::create_directories(target.parent_path(), error);
  const std::filesystem::path fresh = target.string() + ".new-" + std::to_string(::getpid());
  if (Status written = WriteWhole(fresh, std::string(kHead) + ToYaml(contexts)); !written) {
    static_cast<void>(::unlink(fresh.c_str()));
    return written;
  }
  if (::rename(fresh.c_str(), target.c_str()) == 0) return {};
  Status failed = Failed("replace", target);
  static_cast<void>(::unlink(fresh.c_str()));
  return failed;
}

Status CheckContextName(const std::string& name) {
  bool is_word =
      !name.empty() && name.size() <= 64 && std::isalnum(static_cast<unsigned char>(name[0])) != 0;
  for (const char letter : name) {
    is_word = is_word && (std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                          std::string_view("-_.").find(letter) != std::string_view::npos);
  }
  if (is_word) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "expected the name of a context, at most 64 letters, digits, '-', '_' and '.', "
              "beginning with a letter or digit, got '" +
                  name + "'");
}

Result<Target> TargetToAsk(const Target& said, const std::string& context) {
  const auto checked = [&said](const std::string& server, const std::string& origin) {
    const Status status = CheckServer(server, origin);
    return status ? Result<Target>(With(said, OfEnvironment(server)))
                  : tl::unexpected<Error>(status.error());
  };
  if (!said.server.empty()) return checked(said.server, "--server");
  const std::string variable = Variable("BATON_ADMIN");
  if (context.empty() && !variable.empty()) return checked(variable, "BATON_ADMIN");
  const Result<Contexts> contexts = ReadContexts(ContextsFile());
  if (!contexts) return tl::unexpected<Error>(contexts.error());
  const std::string& name = context.empty() ? contexts->current : context;
  if (name.empty()) return With(said, OfEnvironment(DefaultServer()));
  const auto found = contexts->servers.find(name);
  if (found == contexts->servers.end()) return tl::unexpected<Error>(Unknown(name, *contexts));
  return With(said, found->second);
}

}  // namespace baton::ctl
