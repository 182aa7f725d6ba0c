// Who may come in, as a file of hashed tokens says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/rate.h"
#include "server/access/role.h"
#include "server/access/token.h"
#include "server/base/result.h"

namespace baton::access {

using WallTime = std::chrono::system_clock::time_point;

inline constexpr std::size_t kMostNames = 1000;  // in one file

enum class SecretKind {
  kTokens,   // of operators: each entry has a role
  kApiKeys,  // of clients of the data plane: an entry may have a rate
};

// Who a token belongs to. Two of the same name are the same holder: what is said of one holds for
// the other.
struct Identity {
  std::string name;
  Role role = Role::kNone;   // of kTokens
  std::optional<Rate> rate;  // of kApiKeys; none: as often as it likes
};

// An entry of a file.
struct Secret {
  Digest digest{};
  std::optional<WallTime> expires;  // from this instant on it is worth nothing
  std::size_t holder = 0;           // of Secrets::holders
};

// The entries of one file.
//
// Threads: any; it never changes.
class Secrets {
 public:
  // A YAML list of maps: name, sha256, and role, rate, burst and expires where they belong.
  // kInvalidArgument with all that is wrong, a line each, "`file_name`:line:column: key: reason".
  // No error repeats a token.
  static Result<Secrets> Parse(const std::string& text, const std::string& file_name,
                               SecretKind kind);

  struct Found {
    const Identity* holder = nullptr;  // null: nobody's token
    std::size_t index = 0;             // of `holder` in holders()
    bool is_expired = false;
  };
  // Who presents `token`. How long it takes says nothing of the tokens that there are.
  Found Find(std::string_view token, WallTime now) const;

  const std::vector<Identity>& holders() const { return holders_; }
  std::size_t size() const { return secrets_.size(); }  // entries

 private:
  friend class SecretsReader;
  Secrets() = default;

  std::vector<Identity> holders_;
  std::vector<Secret> secrets_;  // by digest
};

// "2027-01-31T00:00:00Z", the one form of an instant in such a file. kInvalidArgument for others.
Result<WallTime> ParseInstant(const std::string& text);
std::string ToText(WallTime instant);

// An entry, as it belongs into a file. Requires: the parts are such as Parse takes.
struct SecretEntry {
  std::string name;
  Role role = Role::kNone;
  Digest digest{};
  std::optional<Rate> rate;
  std::optional<WallTime> expires;
};
std::string ToYaml(const SecretEntry& entry);

// Letters, digits, '.', '-' and '_', 1 to 64 of them, a letter or digit first, and no token.
Status CheckName(const std::string& name);

}  // namespace baton::access
