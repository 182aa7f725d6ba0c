// `baton-server token new`.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "server/base/result.h"

namespace baton::app {

// As on the command line; empty for what is not given.
struct TokenAsk {
  std::string name;
  std::string role;  // without: an API key
  std::string rate;
  std::uint32_t burst = 0;
  std::string expires;
  std::string file;  // that the entry is put into
};

// Makes a token and writes it to `out`, alone and once; its entry goes into the file, or to
// `notes`. kInvalidArgument names the flag that is wrong.
Status MakeToken(const TokenAsk& ask, std::ostream& out, std::ostream& notes);

}  // namespace baton::app
