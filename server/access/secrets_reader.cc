// A file's entries out of YAML, and what has to fit together in them.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "server/access/secrets.h"
#include "server/yaml/config_reader.h"
#include "server/yaml/yaml_tree.h"

namespace baton::access {
namespace {

using yaml::ConfigReader;
using yaml::ConfigValue;

struct Entry {
  std::string name;
  std::optional<Role> role;
  std::optional<Rate> rate;
  std::optional<std::uint32_t> burst;
  std::optional<WallTime> expires;
  std::optional<Digest> digest;
};

Result<std::string> ReadName(const std::string& text) {
  if (const Status checked = CheckName(text); !checked) return tl::unexpected(checked.error());
  return text;
}

Result<std::optional<Role>> ReadRole(const std::string& text) {
  constexpr std::array<std::string_view, 2> kRoles = {"viewer", "operator"};
  const Result<std::string> word = yaml::ReadWord(text, kRoles);
  if (!word) return tl::unexpected(word.error());
  return ParseRole(*word);
}

Result<std::optional<std::uint32_t>> ReadBurst(const std::string& text) {
  const auto number = yaml::ReadWhole(text, 1, kMostRequests);
  if (!number) return tl::unexpected(number.error());
  return static_cast<std::uint32_t>(*number);
}

template <typename T, Result<T> (*Parse)(std::string_view)>
Result<std::optional<T>> Maybe(const std::string& text) {
  Result<T> read = Parse(text);
  if (!read) return tl::unexpected(read.error());
  return std::optional<T>(*std::move(read));
}

Result<std::optional<WallTime>> ReadExpires(const std::string& text) {
  const Result<WallTime> read = ParseInstant(text);
  if (!read) return tl::unexpected(read.error());
  return std::optional<WallTime>(*read);
}

using Field = yaml::ConfigField<Entry>;

constexpr Field kName{"name", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
                        reader.Read(value, "a name", &ReadName, entry.name);
                      }};
constexpr Field kRole{"role", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
                        reader.Read(value, "viewer or operator", &ReadRole, entry.role);
                      }};
constexpr Field kRate{"rate", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
                        reader.Read(value, "a rate such as 100/s", &Maybe<Rate, &ParseRate>,
                                    entry.rate);
                      }};
constexpr Field kBurst{"burst", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
                         reader.Read(value, "a number of requests", &ReadBurst, entry.burst);
                       }};
constexpr Field kExpires{
    "expires", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
      reader.Read(value, "an instant such as 2027-01-31T00:00:00Z", &ReadExpires, entry.expires);
    }};
constexpr Field kSha256{"sha256", [](ConfigReader& reader, const ConfigValue& value, Entry& entry) {
                          reader.Read(value, "64 hexadecimal digits", &Maybe<Digest, &ParseDigest>,
                                      entry.digest);
                        }};
constexpr std::array<Field, 4> kTokenFields = {kName, kRole, kExpires, kSha256};
constexpr std::array<Field, 5> kApiKeyFields = {kName, kRate, kBurst, kExpires, kSha256};

}  // namespace

class SecretsReader {
 public:
  SecretsReader(const std::string& file_name, SecretKind kind) : reader_(file_name), kind_(kind) {}

  void ReadAll(const yaml::YamlNode& root);
  Result<Secrets> Finish();

 private:
  void ReadEntry(const ConfigValue& value);
  bool HasAll(const ConfigValue& value, const std::set<std::string_view>& given);
  void Take(const ConfigValue& value, const Entry& entry);
  // The holder of that name, with what this entry says of it.
  std::size_t HolderOf(const ConfigValue& value, const Entry& entry);

  ConfigReader reader_;
  const SecretKind kind_;
  Secrets made_;
  std::map<std::string, std::size_t> by_name_;
  std::map<Digest, int> lines_;  // where each digest stands
};

void SecretsReader::ReadAll(const yaml::YamlNode& root) {
  using Kind = yaml::YamlNode::Kind;
  if (root.kind == Kind::kList && root.items.empty()) return;  // "[]": nobody
  if (root.kind == Kind::kNothing) {
    return reader_.Refuse(root.place, "", "holds no entry; a file that lets nobody in says []");
  }
  reader_.EachItem({root, ""}, "a list of entries",
                   [this](const ConfigValue& value) { ReadEntry(value); });
}

void SecretsReader::ReadEntry(const ConfigValue& value) {
  Entry entry;
  const std::set<std::string_view> given =
      kind_ == SecretKind::kTokens ? yaml::ReadFields(reader_, value, kTokenFields, entry)
                                   : yaml::ReadFields(reader_, value, kApiKeyFields, entry);
  if (value.node.kind == yaml::YamlNode::Kind::kMap && HasAll(value, given)) Take(value, entry);
}

bool SecretsReader::HasAll(const ConfigValue& value, const std::set<std::string_view>& given) {
  bool has_all = true;
  const auto need = [&](std::string_view key) {
    if (given.contains(key)) return;
    has_all = false;
    reader_.Refuse(value, std::string(key) + " is missing");
  };
  need("name");
  need("sha256");
  if (kind_ == SecretKind::kTokens) need("role");
  return has_all;
}

void SecretsReader::Take(const ConfigValue& value, const Entry& entry) {
  if (entry.name.empty() || !entry.digest) return;  // refused already
  const auto [line, is_new] = lines_.emplace(*entry.digest, value.node.place.line);
  if (!is_new) {
    return reader_.Refuse(value,
                          "has the sha256 of the entry in line " + std::to_string(line->second));
  }
  made_.secrets_.push_back({*entry.digest, entry.expires, HolderOf(value, entry)});
}

std::size_t SecretsReader::HolderOf(const ConfigValue& value, const Entry& entry) {
  if (entry.burst && !entry.rate) reader_.Refuse(value, "has a burst without a rate");
  std::optional<Rate> rate = entry.rate;
  if (rate && entry.burst) rate->burst = *entry.burst;
  const Role role = entry.role.value_or(Role::kNone);
  const auto [found, is_new] = by_name_.emplace(entry.name, made_.holders_.size());
  if (is_new) {
    if (made_.holders_.size() == kMostNames) {
      reader_.Refuse(value, "is one name too many, expected at most 1000");
    }
    made_.holders_.push_back({entry.name, role, rate});
    return found->second;
  }
  Identity& holder = made_.holders_[found->second];
  if (holder.role != role) {
    reader_.Refuse(value, "gives " + entry.name + " another role than an entry before it");
  }
  if (holder.rate && rate && *holder.rate != *rate) {
    reader_.Refuse(value, "gives " + entry.name + " another rate than an entry before it");
  }
  if (!holder.rate) holder.rate = rate;
  return found->second;
}

Result<Secrets> SecretsReader::Finish() {
  if (const Status read = reader_.status(); !read) return tl::unexpected(read.error());
  std::sort(made_.secrets_.begin(), made_.secrets_.end(),
            [](const Secret& one, const Secret& other) { return one.digest < other.digest; });
  return std::move(made_);
}

Result<Secrets> Secrets::Parse(const std::string& text, const std::string& file_name,
                               SecretKind kind) {
  const auto cleaned = [](const Error& error) {
    return Fail(error.code, WithoutTokens(error.message), WithoutTokens(error.field));
  };
  // The last line of a file that is half written is the one that would be taken for another.
  if (!text.empty() && text.back() != '\n') {
    return Fail(ErrorCode::kInvalidArgument,
                file_name + ": does not end with the end of a line, as if it were half written");
  }
  const Result<yaml::YamlNode> root = yaml::ParseYaml(text, file_name);
  if (!root) return cleaned(root.error());
  SecretsReader reader(file_name, kind);
  reader.ReadAll(*root);
  Result<Secrets> made = reader.Finish();
  if (!made) return cleaned(made.error());
  return made;
}

}  // namespace baton::access
