// Who makes an operator's call.
#pragma once

#include <string>

namespace baton::control {

struct Caller {
  std::string name;  // as the door knows it; empty: it asks for no name
  std::string from;  // the other end of the connection: "ipv4:127.0.0.1:50312", "unix:"

  // For the log: the name where there is one.
  std::string ToText() const { return name.empty() ? from : name + " from " + from; }
};

}  // namespace baton::control
