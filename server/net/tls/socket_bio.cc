// The calls of a BIO as those of a socket.
#include "server/net/tls/socket_bio.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <sys/socket.h>

#include <openssl/bio.h>

namespace baton::net {
namespace {

int DescriptorOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool IsForLater(int error) { return error == EAGAIN || error == EINTR; }

int Receive(BIO* bio, char* room, int size) {
  const ssize_t n = recv(DescriptorOf(bio), room, static_cast<std::size_t>(size), 0);
  BIO_clear_retry_flags(bio);
  if (n < 0 && IsForLater(errno)) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int Send(BIO* bio, const char* bytes, int size) {
  const ssize_t n = send(DescriptorOf(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (n < 0 && IsForLater(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

// OpenSSL asks for more than these, and takes 0 for "there is no such thing".
long Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

struct Deleter {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using Method = std::unique_ptr<BIO_METHOD, Deleter>;

Method MakeMethod() {
  Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "baton socket"));
  if (!method) return method;
  BIO_meth_set_read(method.get(), &Receive);
  BIO_meth_set_write(method.get(), &Send);
  BIO_meth_set_ctrl(method.get(), &Control);
  return method;
}

}  // namespace

BIO* NewSocketBio(int fd) {
  static const Method method = MakeMethod();
  BIO* const bio = method ? BIO_new(method.get()) : nullptr;
  if (bio == nullptr) return nullptr;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is all that a BIO keeps for its method
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace baton::net
