// How OpenSSL reaches a socket.
#pragma once

struct bio_st;

namespace baton::net {

// A BIO over the non-blocking socket `fd`, which outlives it: one recv(2) or send(2) a call.
// OpenSSL's own asks read(2) and write(2), which find out each time what kind of file it is. Null
// when memory is short.
bio_st* NewSocketBio(int fd);

}  // namespace baton::net
