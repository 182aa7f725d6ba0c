// What is served and how, as loops are told of it.
#pragma once

#include <memory>
#include <vector>

#include "server/api/catalogue.h"
#include "server/serve/endpoint_policy.h"

namespace baton::app {

// Replaced whole; the two belong together: every endpoint of the catalogue has its policy.
struct Published {
  std::shared_ptr<const api::Catalogue> catalogue = std::make_shared<const api::Catalogue>();
  // By endpoint index.
  std::shared_ptr<const std::vector<serve::EndpointPolicy>> policies =
      std::make_shared<const std::vector<serve::EndpointPolicy>>();
};

}  // namespace baton::app
