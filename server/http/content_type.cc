// A small table of extensions.
#include "server/http/content_type.h"

#include <array>

#include "server/http/characters.h"

namespace baton::http {
namespace {

struct Type {
  std::string_view extension;
  std::string_view media_type;
};

constexpr std::array kTypes = {
    Type{"html", "text/html; charset=utf-8"},
    Type{"htm", "text/html; charset=utf-8"},
    Type{"css", "text/css; charset=utf-8"},
    Type{"js", "text/javascript; charset=utf-8"},
    Type{"mjs", "text/javascript; charset=utf-8"},
    Type{"txt", "text/plain; charset=utf-8"},
    Type{"md", "text/markdown; charset=utf-8"},
    Type{"csv", "text/csv; charset=utf-8"},
    Type{"json", "application/json"},
    Type{"map", "application/json"},
    Type{"xml", "application/xml"},
    Type{"pdf", "application/pdf"},
    Type{"wasm", "application/wasm"},
    Type{"gz", "application/gzip"},
    Type{"zip", "application/zip"},
    Type{"png", "image/png"},
    Type{"jpg", "image/jpeg"},
    Type{"jpeg", "image/jpeg"},
    Type{"gif", "image/gif"},
    Type{"webp", "image/webp"},
    Type{"avif", "image/avif"},
    Type{"svg", "image/svg+xml"},
    Type{"ico", "image/x-icon"},
    Type{"woff", "font/woff"},
    Type{"woff2", "font/woff2"},
    Type{"ttf", "font/ttf"},
    Type{"mp3", "audio/mpeg"},
    Type{"wav", "audio/wav"},
    Type{"mp4", "video/mp4"},
    Type{"webm", "video/webm"},
};

}  // namespace

std::string_view ContentTypeOf(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  const std::size_t slash = file_name.rfind('/');
  const bool has_extension = dot != file_name.npos && (slash == file_name.npos || slash < dot);
  const std::string_view extension = has_extension ? file_name.substr(dot + 1) : "";
  for (const Type& type : kTypes) {
    if (EqualsIgnoreCase(type.extension, extension)) return type.media_type;
  }
  return "application/octet-stream";
}

}  // namespace baton::http
