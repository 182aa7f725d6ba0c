// A plug-in's shared library: opened, checked, and closed with its last model.
#pragma once

#include <filesystem>
#include <memory>

#include "server/base/fd.h"
#include "server/base/result.h"
#include "server/models/plugin/baton_plugin.h"

namespace baton::models {

// Threads: any.
class PluginLibrary {
 public:
  // Opens the library in `file`, and nothing else by that name that is still open: a file that was
  // renamed into its place is another library. The file must not be changed while it is open.
  // Errors: kInvalidArgument, without the path in front, for a file that is cut short or no library
  // for this machine, that lacks the entry, or whose table is of another version.
  static Result<std::unique_ptr<PluginLibrary>> Open(const std::filesystem::path& file);

  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;

  const baton_plugin& table() const { return *table_; }

 private:
  struct Closer {
    void operator()(void* handle) const;
  };
  using Handle = std::unique_ptr<void, Closer>;

  PluginLibrary(UniqueFd folder, Handle handle, const baton_plugin& table)
      : folder_(std::move(folder)), handle_(std::move(handle)), table_(&table) {}

  // Its number is part of the name that the loader knows the library by, and so is not to be used
  // again before the library is closed.
  const UniqueFd folder_;
  const Handle handle_;
  const baton_plugin* const table_;
};

}  // namespace baton::models
