// The name under which the system's tools show a thread.
#pragma once

#include <string>

#include <pthread.h>

namespace baton {

// Of the calling thread; what is longer than the kernel keeps (15 bytes) is cut.
inline void NameThisThread(const std::string& name) {
  constexpr std::size_t kKeptBytes = 15;
  pthread_setname_np(pthread_self(), name.substr(0, kKeptBytes).c_str());
}

}  // namespace baton
