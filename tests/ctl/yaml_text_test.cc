// Messages as YAML, read again by a strict reader.
#include "admin/ctl/yaml_text.h"

#include "baton/admin/v1/admin_service.pb.h"
#include <gmock/gmock.h>

#include "admin/ctl/output.h"
#include "server/yaml/yaml_tree.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Endpoint Tumour() {
  v1::Endpoint endpoint;
  endpoint.set_name("endpoints/tumour");
  endpoint.set_kind(v1::ENDPOINT_KIND_MODEL);
  endpoint.add_versions("1");
  endpoint.add_versions("2");
  endpoint.set_default_budget_ms(12.5);
  endpoint.set_requests_total(18'000'000'000'000'000'000U);
  endpoint.mutable_fallback()->set_constant("{\"label\": \"a: b\\n\"}");
  endpoint.mutable_estimate()->set_cold(true);
  return endpoint;
}

TEST(YamlTextTest, FieldsHaveTheNamesOfTheSchema) {
  const std::string text = ToYaml(Tumour());
  EXPECT_THAT(text, HasSubstr("name: endpoints/tumour\nkind: ENDPOINT_KIND_MODEL\n"
                              "versions:\n- \"1\"\n- \"2\"\ndefault_budget_ms: 12.5\n"));
  EXPECT_THAT(text, HasSubstr("requests_total: 18000000000000000000\n"));
  EXPECT_THAT(text, HasSubstr("estimate:\n  mean_ms: 0\n"));
  EXPECT_THAT(text, HasSubstr("  cold: true\n"));
}

TEST(YamlTextTest, WhatWasNotSaidIsLeftOut) {
  EXPECT_THAT(ToYaml(Tumour()), Not(HasSubstr("max_budget_ms")));
  EXPECT_THAT(ToYaml(v1::ListEndpointsResponse()), HasSubstr("endpoints: []\n"));
  EXPECT_EQ(ToYaml(v1::GetPoolRequest()), "name: \"\"\n");
}

TEST(YamlTextTest, AReaderOfYamlGetsTheSameTexts) {
  v1::ListEndpointsResponse all;
  *all.add_endpoints() = Tumour();
  all.add_endpoints();
  const auto tree = yaml::ParseYaml(ToYaml(all), "text");
  ASSERT_TRUE(tree) << tree.error().message;
  const yaml::YamlNode& endpoints = tree->items.at(0);
  EXPECT_EQ(endpoints.key, "endpoints");
  ASSERT_EQ(endpoints.items.size(), 2U);
  for (const yaml::YamlNode& field : endpoints.items[0].items) {
    if (field.key == "fallback") {
      EXPECT_EQ(field.items.at(1).text, "{\"label\": \"a: b\\n\"}");
    }
    if (field.key == "versions") {
      EXPECT_EQ(field.items.at(1).text, "2");
    }
  }
}

TEST(YamlTextTest, PartsStandUnderTheirNames) {
  v1::Pool before;
  before.set_size(2);
  const v1::GetStatusRequest empty;
  const std::vector<Part> parts = {{"before", before}, {"after", empty}};
  EXPECT_THAT(ToYaml(parts, "validate_only", true),
              testing::AllOf(HasSubstr("before:\n  name: \"\"\n  size: 2\n"),
                             HasSubstr("\nafter: {}\nvalidate_only: true\n")));
}

}  // namespace
}  // namespace baton::ctl
