// What a GET or HEAD of a file is answered: the file, a part of it, or that it has not changed.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "server/base/fd.h"
#include "server/http/message.h"

namespace baton::http {

// A file as it was found.
struct FoundFile {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  timespec modified{};
};

// Strong (RFC 9110, 8.8.1): out of inode, size and the nanosecond of the last change, so that every
// write, and every replacement by another file, makes another one. Two writes of the same length
// within one tick of the file system's clock (a few milliseconds) are taken for one. Inode and
// change are mixed, so that nobody is told inode numbers.
std::string EntityTag(const FoundFile& found);

// 200, 206, 304, 412 or 416, with the headers of each; `name` picks the media type. Requires: the
// method is GET or HEAD. A Range counts with GET only.
Response MakeFileResponse(const Request& request, const FoundFile& found, std::string_view name,
                          std::time_t now);

}  // namespace baton::http
