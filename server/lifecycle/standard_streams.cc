// The kernel gives the lowest free number.
#include "server/lifecycle/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace baton::lifecycle {

void KeepStandardStreams() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd >= 0) ::close(fd);
}

}  // namespace baton::lifecycle
