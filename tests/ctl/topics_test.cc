// What batonctl explains, compared with the code that it explains.
#include "admin/ctl/topics.h"

#include <set>

#include "baton/admin/v1/admin_service.pb.h"
#include <gmock/gmock.h>

#include "admin/ctl/embedded_texts.h"
#include "admin/ctl/markdown_tables.h"
#include "server/config/settings.h"

namespace baton::ctl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> TermsOf(const std::string& group) {
  std::vector<std::string> terms;
  for (const Topic& topic : AllTopics()) {
    if (topic.group == group) terms.push_back(topic.term);
  }
  return terms;
}

std::vector<std::string> Found(const std::string& word) {
  std::vector<std::string> terms;
  for (const Topic& topic : FindTopics(AllTopics(), word)) {
    terms.push_back(topic.group + " " + topic.term);
  }
  return terms;
}

TEST(TopicsTest, EveryTopicIsOfAGroupAndSaysSomething) {
  std::set<std::string> groups;
  for (const Topic& topic : AllTopics()) {
    groups.insert(topic.group);
    EXPECT_FALSE(topic.facts.empty()) << topic.term;
    for (const Fact& fact : topic.facts) {
      EXPECT_NE(fact.text, "") << topic.group << " " << topic.term << " " << fact.name;
    }
  }
  std::set<std::string> known;
  for (const TopicGroup& group : Groups()) known.emplace(group.name);
  EXPECT_EQ(groups, known);
}

TEST(TopicsTest, EverySettingIsExplained) {
  std::vector<std::string> paths;
  for (const config::KnownSetting& setting : config::AllSettings()) paths.push_back(setting.path);
  EXPECT_EQ(TermsOf("setting"), paths);
}

TEST(TopicsTest, EveryFieldOfTheAdminApiHasItsComment) {
  const std::vector<std::string> fields = TermsOf("field");
  const auto& file = *admin::v1::Endpoint::descriptor()->file();
  for (int i = 0; i < file.message_type_count(); ++i) {
    for (int k = 0; k < file.message_type(i)->field_count(); ++k) {
      EXPECT_THAT(fields, Contains(file.message_type(i)->name() + "." +
                                   file.message_type(i)->field(k)->name()));
    }
  }
  EXPECT_THAT(TermsOf("method"), Contains("UpdateEndpoint"));
  EXPECT_THAT(TermsOf("message"), Contains("Criticality"));
}

TEST(TopicsTest, AnswersAndCausesAreThoseOfTheMetrics) {
  EXPECT_THAT(TermsOf("answer"), UnorderedElementsAre("prediction", "fallback", "refused",
                                                      "timeout", "error", "invalid", "none"));
  EXPECT_THAT(TermsOf("cause"),
              UnorderedElementsAre("queue_full", "no_time", "budget_too_small", "pending_full",
                                   "expired_in_queue", "expired_running", "backend_error",
                                   "model_unavailable", "draining"));
  for (const Topic& topic : AllTopics()) {
    if (topic.group != "cause") continue;
    EXPECT_EQ(topic.facts.back().name, "what to do") << topic.term;
  }
}

TEST(TopicsTest, ATermIsFoundByItsOtherNamesWhateverTheCase) {
  EXPECT_THAT(Found("--workers"), ElementsAre("setting workers"));
  EXPECT_THAT(Found("baton_limits_body_bytes"), ElementsAre("setting limits.body_bytes"));
  EXPECT_THAT(Found("POOL.SIZE"), ElementsAre("field Pool.size"));
  EXPECT_THAT(Found("baton_batch_size_bucket"), ElementsAre("metric baton_batch_size"));
  EXPECT_THAT(Found("503"), ElementsAre("status 503"));
  EXPECT_THAT(Found("7"), ElementsAre("exit-code exit 7"));
  EXPECT_THAT(Found("baton-budget-ms"), Contains("header Baton-Budget-Ms"));
  EXPECT_THAT(Found("nothing of that"), IsEmpty());
}

TEST(TopicsTest, TheExactTermComesBeforeThoseItIsAnAliasOf) {
  EXPECT_EQ(Found("draining").front(), "cause draining");
  EXPECT_THAT(Found("draining"), Contains("field ServerStatus.draining"));
}

TEST(TopicsTest, NearTermsContainTheWordOrAreNearlyIt) {
  EXPECT_THAT(NearTerms(AllTopics(), "queue_dept"), Contains("baton_queue_depth"));
  EXPECT_THAT(NearTerms(AllTopics(), "expird_running"), ElementsAre("expired_running"));
  EXPECT_THAT(NearTerms(AllTopics(), "zzzzzzzz"), IsEmpty());
}

TEST(MarkdownTablesTest, CellsAreReadAsTheyAreRead) {
  const auto tables = TablesOf(
      "# One\n\n| a | b |\n|---|---|\n| `x` | see [the `text`](y.md#z), then |\n| short |\n\n"
      "```\n| no | table |\n```\n## Two\n| c |\n|---|\n| 1 |\n");
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].heading, "One");
  EXPECT_THAT(tables[0].heads, ElementsAre("a", "b"));
  EXPECT_THAT(tables[0].rows,
              ElementsAre(ElementsAre("x", "see the text, then"), ElementsAre("short", "")));
  EXPECT_EQ(tables[1].heading, "Two");
}

TEST(EmbeddedTextsTest, AnUnknownTextIsEmpty) {
  EXPECT_FALSE(EmbeddedText("metrics.md").empty());
  EXPECT_TRUE(EmbeddedText("nothing.md").empty());
}

}  // namespace
}  // namespace baton::ctl
