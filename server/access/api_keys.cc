// A reading becomes a ring.
#include "server/access/api_keys.h"

#include <utility>
#include <vector>

namespace baton::access {

Result<std::unique_ptr<ApiKeys>> ApiKeys::Open(std::string path) {
  auto file = SecretFile::Open(std::move(path), SecretKind::kApiKeys);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<ApiKeys>(new ApiKeys(*std::move(file)));
}

ApiKeys::ApiKeys(std::unique_ptr<SecretFile> file) : file_(std::move(file)) { TakeOver(); }

std::shared_ptr<const KeyRing> ApiKeys::ring() const {
  MutexLock lock(mutex_);
  return ring_;
}

bool ApiKeys::ReadIfChanged() {
  if (!file_->ReadIfChanged()) return false;
  TakeOver();
  return true;
}

std::map<std::string, std::shared_ptr<const KeyAccount>> ApiKeys::Accounts() const {
  std::map<std::string, std::shared_ptr<const KeyAccount>> accounts;
  MutexLock lock(mutex_);
  for (const auto& [name, holder] : holders_) accounts.emplace(name, holder.account);
  return accounts;
}

void ApiKeys::TakeOver() {
  std::shared_ptr<const Secrets> secrets = file_->secrets();
  std::map<std::string, Holder> holders;
  std::vector<std::shared_ptr<KeyAccount>> accounts;
  MutexLock lock(mutex_);
  for (const Identity& identity : secrets->holders()) {
    const auto before = holders_.find(identity.name);
    auto account =
        before != holders_.end() ? before->second.account : std::make_shared<KeyAccount>();
    if (before != holders_.end() && before->second.rate != identity.rate) account->bucket.Fill();
    accounts.push_back(account);
    holders.emplace(identity.name, Holder{identity.rate, std::move(account)});
  }
  holders_.swap(holders);
  ring_ = std::make_shared<const KeyRing>(std::move(secrets), std::move(accounts), strangers_);
}

}  // namespace baton::access
