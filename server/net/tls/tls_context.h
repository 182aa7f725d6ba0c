// What all TLS connections share that begin under one certificate.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/base/result.h"
#include "server/net/tls/tls_files.h"

struct ssl_ctx_st;
struct ssl_st;

namespace baton::net {

struct TlsDeleter {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
};

// What a context was made of, for those who bring an OpenSSL of their own; the key is forgotten for
// good at the end.
struct TlsTexts {
  TlsTexts() = default;
  ~TlsTexts();
  TlsTexts(TlsTexts&&) = default;
  TlsTexts& operator=(TlsTexts&&) = default;
  TlsTexts(const TlsTexts&) = delete;
  TlsTexts& operator=(const TlsTexts&) = delete;

  std::string certificate;  // PEM, with its chain
  std::string key;          // PEM
  std::string client_ca;    // PEM; empty: clients need no certificate
};

// TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers; no renegotiation, no compression,
// no early data. Tickets are sealed with keys of this context's own. HTTP/1.1 is the one protocol
// that is agreed on.
//
// Threads: any; it never changes. Connections keep what they need of it when it goes.
class TlsContext {
 public:
  using WallTime = std::chrono::system_clock::time_point;

  // Reads the files. kInvalidArgument says which of them is wrong, and how: it cannot be read, is
  // no PEM, does not belong to the others, or is not valid `now`.
  static Result<TlsContext> Load(const TlsFiles& files, WallTime now);

  // The server's end of a connection over the socket `fd`, which it does not own. Null when memory
  // is short.
  std::unique_ptr<ssl_st, TlsDeleter> Accept(int fd) const;

  // Just what was checked, whatever the files hold by now. Errors: kInternal when memory is short.
  Result<TlsTexts> ToTexts() const;

  WallTime expires_at() const { return expires_at_; }
  // Whether every user of the machine may read the key.
  bool key_is_open() const { return key_is_open_; }

 private:
  TlsContext() = default;

  std::unique_ptr<ssl_ctx_st, TlsDeleter> context_;
  WallTime expires_at_;
  bool key_is_open_ = false;
};

}  // namespace baton::net
