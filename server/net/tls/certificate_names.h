// Whose certificate it is.
#pragma once

#include <string>
#include <vector>

struct x509_st;

namespace baton::net {

// Its subject's common names first, then its alternative ones: DNS names, addresses of mail, URIs
// and IP addresses, as text. Empty ones are left out.
std::vector<std::string> NamesIn(const x509_st& certificate);

}  // namespace baton::net
