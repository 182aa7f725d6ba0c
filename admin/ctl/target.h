// A server's admin plane, and what it takes to get in.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/result.h"

namespace baton::ctl {

// As an operator says it. Files are in PEM; a path or "" each.
struct Target {
  std::string server;       // HOST:PORT or unix:PATH
  std::string ca;           // whose certificate the server has to have; "system": the machine's
  std::string certificate;  // one's own
  std::string key;          // of that
  std::string token_file;   // holds the token, as one line

  bool operator==(const Target&) const = default;
};

// What a target has besides its server, by the names in files.
inline constexpr std::array<std::pair<std::string_view, std::string Target::*>, 4> kDoorKeys = {
    {{"ca", &Target::ca},
     {"certificate", &Target::certificate},
     {"key", &Target::key},
     {"token_file", &Target::token_file}}};

// With the files read.
struct Reach {
  std::string server;
  bool speaks_tls = false;
  std::string roots;  // empty: the machine's
  std::string certificate;
  std::string key;
  std::string token;  // empty: none is sent
};

// kInvalidArgument when a certificate comes without its key or a key without its certificate, when
// there is TLS for a Unix socket, when a file cannot be read or holds no token, and when a token
// would travel to another machine in the clear. Blocks on the disk.
Result<Reach> ReadTarget(const Target& target);

}  // namespace baton::ctl
