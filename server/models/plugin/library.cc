// The loader knows an open library by its name, so each opening uses a name of its own.
#include "server/models/plugin/library.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <utility>

#include "server/models/plugin/elf_size.h"

namespace baton::models {
namespace {

std::string LoaderError() {
  const char* reason = ::dlerror();
  return reason == nullptr ? "no reason given" : reason;
}

Status CheckTable(const baton_plugin* table) {
  if (table == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, BATON_PLUGIN_ENTRY "() returned no table");
  }
  if (table->version != BATON_PLUGIN_VERSION) {
    return Fail(ErrorCode::kInvalidArgument,
                "is a plug-in of version " + std::to_string(table->version) +
                    " of the interface, expected " + std::to_string(BATON_PLUGIN_VERSION));
  }
  if (table->size < sizeof(baton_plugin)) {
    return Fail(ErrorCode::kInvalidArgument, "its table has " + std::to_string(table->size) +
                                                 " bytes, expected at least " +
                                                 std::to_string(sizeof(baton_plugin)));
  }
  const bool is_full = table->create != nullptr && table->describe != nullptr &&
                       table->predict != nullptr && table->destroy != nullptr;
  if (is_full) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "its table lacks one of create, describe, predict and destroy");
}

}  // namespace

void PluginLibrary::Closer::operator()(void* handle) const { ::dlclose(handle); }

Result<std::unique_ptr<PluginLibrary>> PluginLibrary::Open(const std::filesystem::path& file) {
  if (Status status = CheckElfSize(file); !status) return tl::unexpected(status.error());
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  UniqueFd folder_fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd.valid()) {
    return Fail(ErrorCode::kInvalidArgument,
                "its folder cannot be opened: " + std::string(std::strerror(errno)));
  }
  const std::string name =
      "/proc/self/fd/" + std::to_string(folder_fd.get()) + "/" + file.filename().string();
  Handle handle(::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) return Fail(ErrorCode::kInvalidArgument, "does not load: " + LoaderError());
  const auto entry =
      reinterpret_cast<baton_plugin_entry>(::dlsym(handle.get(), BATON_PLUGIN_ENTRY));
  if (entry == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "is no plug-in: it exports no function " BATON_PLUGIN_ENTRY);
  }
  const baton_plugin* const table = entry();
  if (Status status = CheckTable(table); !status) return tl::unexpected(status.error());
  return std::unique_ptr<PluginLibrary>(
      new PluginLibrary(std::move(folder_fd), std::move(handle), *table));
}

}  // namespace baton::models
