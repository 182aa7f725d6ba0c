// Needs as sums of rights.
#include "server/lifecycle/path_rules.h"

#include <map>

namespace baton::lifecycle {
namespace {

constexpr int kRightsOfVersion1 = 13;  // bits 0 to 12
constexpr std::uint64_t kReads = kMayReadFile | kMayReadFolder;
constexpr std::uint64_t kWrites = kReads | kMayWriteFile | kMayTruncate | kMayMakeFile |
                                  kMayMakeFolder | kMayMakeSocket | kMayRemoveFile |
                                  kMayRemoveFolder | kMayRefer;
constexpr std::uint64_t kMakesSockets =
    kMayMakeSocket | kMayMakeFolder | kMayRemoveFile | kMayReadFolder;

}  // namespace

PathNeeds SystemNeeds() {
  PathNeeds needs;
  needs.read = {// libraries, time zones, character sets, certificates
                "/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload",
                "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/etc/pki/tls",
                "/etc/crypto-policies",
                // users, and names of hosts for plug-ins that connect
                "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/hosts",
                "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/run/systemd/resolve",
                // processors, devices, memory, limits of the container
                "/proc", "/sys",
                // devices without state
                "/dev/urandom", "/dev/random", "/dev/zero"};
  needs.write = {"/dev/null"};
  return needs;
}

std::uint64_t RightsOf(int version) {
  std::uint64_t rights = (1U << kRightsOfVersion1) - 1;
  if (version >= 2) rights |= kMayRefer;
  if (version >= 3) rights |= kMayTruncate;
  if (version >= 5) rights |= kMayControlDevice;
  return rights;
}

std::uint64_t FileRightsOf(int version) {
  return RightsOf(version) &
         (kMayExecute | kMayWriteFile | kMayReadFile | kMayTruncate | kMayControlDevice);
}

std::vector<PathRule> RulesFor(const PathNeeds& needs, int version) {
  std::map<std::filesystem::path, std::uint64_t> rights_of;
  for (const auto& [paths, rights] :
       {std::pair(&needs.read, kReads), std::pair(&needs.write, kWrites),
        std::pair(&needs.sockets, kMakesSockets)}) {
    for (const std::filesystem::path& path : *paths) {
      if (!path.empty()) rights_of[path.lexically_normal()] |= rights & RightsOf(version);
    }
  }
  std::vector<PathRule> rules;
  rules.reserve(rights_of.size());
  for (const auto& [path, rights] : rights_of) rules.push_back({path, rights});
  return rules;
}

}  // namespace baton::lifecycle
