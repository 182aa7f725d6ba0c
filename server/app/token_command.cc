// Flags into an entry.
#include "server/app/token_command.h"

#include <ostream>

#include "server/access/add_entry.h"
#include "server/access/secrets.h"
#include "server/access/token.h"

namespace baton::app {
namespace {

tl::unexpected<Error> Wrong(const std::string& flag, const std::string& reason) {
  return Fail(ErrorCode::kInvalidArgument, flag + ": " + reason, flag);
}

Status ReadRate(const TokenAsk& ask, access::SecretEntry& entry) {
  if (ask.rate.empty()) {
    if (ask.burst > 0) return Wrong("--burst", "expected together with --rate");
    return {};
  }
  if (entry.role != access::Role::kNone) return Wrong("--rate", "is for API keys, without --role");
  const auto rate = access::ParseRate(ask.rate);
  if (!rate) return Wrong("--rate", rate.error().message);
  entry.rate = *rate;
  if (ask.burst > access::kMostRequests) return Wrong("--burst", "expected 1 to 1000000");
  if (ask.burst > 0) entry.rate->burst = ask.burst;
  return {};
}

Result<access::SecretEntry> ReadEntry(const TokenAsk& ask) {
  access::SecretEntry entry;
  entry.name = ask.name;
  if (const Status named = access::CheckName(ask.name); !named) {
    return Wrong("--name", named.error().message);
  }
  if (!ask.role.empty()) {
    const auto role = access::ParseRole(ask.role);
    if (!role) return Wrong("--role", "expected viewer or operator, got '" + ask.role + "'");
    entry.role = *role;
  }
  if (const Status rated = ReadRate(ask, entry); !rated) return tl::unexpected(rated.error());
  if (!ask.expires.empty()) {
    const auto expires = access::ParseInstant(ask.expires);
    if (!expires) return Wrong("--expires", expires.error().message);
    entry.expires = *expires;
  }
  return entry;
}

}  // namespace

Status MakeToken(const TokenAsk& ask, std::ostream& out, std::ostream& notes) {
  Result<access::SecretEntry> entry = ReadEntry(ask);
  if (!entry) return tl::unexpected(entry.error());
  const Result<std::string> token = access::NewToken();
  if (!token) return tl::unexpected(token.error());
  entry->digest = access::DigestOf(*token);
  if (ask.file.empty()) {
    notes << access::ToYaml(*entry);
  } else {
    const auto kind = entry->role == access::Role::kNone ? access::SecretKind::kApiKeys
                                                         : access::SecretKind::kTokens;
    if (Status added = access::AddEntry(ask.file, kind, *entry); !added) return added;
  }
  out << *token << std::endl;
  return {};
}

}  // namespace baton::app
