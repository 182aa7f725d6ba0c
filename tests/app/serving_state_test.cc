// What is in force, and who is told of it in which order.
#include "server/app/serving_state.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_serve.h"

namespace baton::app {
namespace {

class ServingStateTest : public testing::Test {
 protected:
  static serve::EndpointPolicy Budget(Duration budget, Duration max = 10s) {
    serve::EndpointPolicy policy;
    policy.default_budget = budget;
    policy.max_budget = max;
    return policy;
  }
  const serve::Endpoint& Add(const std::string& name) {
    return **endpoints_.Add(name, serve::Endpoint::Kind::kModel);
  }
  static api::Catalogue CatalogueOf(const serve::Endpoint& endpoint) {
    std::map<std::string, api::CatalogueModel, std::less<>> models;
    models[endpoint.name].endpoint = &endpoint;
    return api::Catalogue(std::move(models));
  }
  bool TakesTicketOf(serve::Scheduler& scheduler, const serve::Endpoint& endpoint) {
    std::vector<std::unique_ptr<serve::Ticket>> tickets;
    tickets.push_back(testing_support::MakeTicket(++last_id_, endpoint, clock_.Now() + 1s));
    tickets.back()->deadline = Deadline(clock_.Now(), 1s);
    std::vector<serve::Scheduler::Submitted> results;
    scheduler.Submit(tickets, results);
    return results[0].decision.admit;
  }

  ManualClock clock_;
  metrics::Registry registry_;
  serve::Endpoints endpoints_{registry_};
  serve::Scheduler scheduler_{clock_, {}, endpoints_.size()};
  serve::Scheduler reserve_{clock_, {}, endpoints_.size()};
  ServingState state_{endpoints_, scheduler_, reserve_, Budget(30ms)};
  std::uint64_t last_id_ = 0;
};

TEST_F(ServingStateTest, ARevisionCountsWhatHasBecomeAnotherPolicy) {
  const serve::Endpoint& endpoint = Add("m");
  EXPECT_EQ(state_.RevisionOf(endpoint.index), 0u);
  state_.SetPolicy(endpoint.index, Budget(30ms));  // the base
  EXPECT_EQ(state_.RevisionOf(endpoint.index), 0u);
  state_.SetPolicy(endpoint.index, Budget(70ms));
  state_.SetPolicy(endpoint.index, Budget(70ms));
  state_.SetCatalogue(CatalogueOf(endpoint));
  EXPECT_EQ(state_.RevisionOf(endpoint.index), 1u);
  EXPECT_EQ(state_.RevisionOf(0), 0u);
  state_.SetPolicies(Budget(40ms), {Budget(40ms), Budget(70ms)});
  EXPECT_EQ(state_.RevisionOf(0), 1u);
  EXPECT_EQ(state_.RevisionOf(endpoint.index), 1u);
}

TEST_F(ServingStateTest, APolicyIsSetOnlyWhereNobodyElseHasSetItMeanwhile) {
  const serve::Endpoint& endpoint = Add("m");
  const std::uint64_t seen = state_.RevisionOf(endpoint.index);
  state_.SetPolicy(endpoint.index, Budget(70ms));  // the keeper's
  EXPECT_EQ(state_.SetPolicyIf(seen, endpoint.index, Budget(80ms)), std::nullopt);
  EXPECT_EQ(state_.PolicyOf(endpoint.index).default_budget, Duration(70ms));
  const std::uint64_t now = state_.RevisionOf(endpoint.index);
  EXPECT_EQ(state_.SetPolicyIf(now, endpoint.index, Budget(80ms)), now + 1);
  EXPECT_EQ(state_.PolicyOf(endpoint.index).default_budget, Duration(80ms));
}

TEST_F(ServingStateTest, WhoeverIsToBeToldIsToldAtOnceOfWhatIsInForce) {
  state_.SetPolicy(0, Budget(70ms));
  std::vector<Published> told;
  state_.Tell([&told](const Published& published) { told.push_back(published); });
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].policies->at(0).default_budget, Duration(70ms));
  EXPECT_EQ(told[0].catalogue, state_.Now().catalogue);
}

TEST_F(ServingStateTest, EveryLoopIsToldOfEveryChange) {
  int first = 0;
  int second = 0;
  state_.Tell([&first](const Published&) { ++first; });
  state_.Tell([&second](const Published&) { ++second; });
  state_.SetPolicy(0, Budget(70ms));
  state_.SetCatalogue(api::Catalogue());
  EXPECT_EQ(first, 3);
  EXPECT_EQ(second, 3);
}

TEST_F(ServingStateTest, AChangeReachesTheSchedulersBeforeTheLoops) {
  const serve::Endpoint* added = nullptr;
  int submitted = 0;
  for (serve::Scheduler* scheduler : {&scheduler_, &reserve_}) {
    scheduler->SetWorkers(1);
    scheduler->AddWorker();
    state_.Tell([&, scheduler](const Published&) {
      if (added == nullptr) return;
      EXPECT_TRUE(TakesTicketOf(*scheduler, *added));  // of an endpoint that it did not know
      ++submitted;
    });
  }
  added = &Add("m");
  state_.SetCatalogue(CatalogueOf(*added));
  EXPECT_EQ(submitted, 2);
}

TEST_F(ServingStateTest, NewEndpointsStartWithTheBaseAndOldOnesKeepWhatTheyHave) {
  state_.SetPolicy(0, Budget(70ms));
  const serve::Endpoint& endpoint = Add("m");
  EXPECT_EQ(state_.PolicyOf(endpoint.index).default_budget, Duration(30ms));
  state_.SetCatalogue(CatalogueOf(endpoint));
  const Published now = state_.Now();
  ASSERT_EQ(now.policies->size(), 2u);
  EXPECT_EQ(now.policies->at(0).default_budget, Duration(70ms));
  EXPECT_EQ(now.policies->at(1).default_budget, Duration(30ms));
  EXPECT_NE(now.catalogue->Find("m"), nullptr);
}

TEST_F(ServingStateTest, AnEndpointsPolicyMayBeSetBeforeItsModelComes) {
  const serve::Endpoint& endpoint = Add("m");
  state_.SetPolicy(endpoint.index, Budget(70ms));
  EXPECT_EQ(state_.PolicyOf(endpoint.index).default_budget, Duration(70ms));
  state_.SetCatalogue(CatalogueOf(endpoint));
  EXPECT_EQ(state_.Now().policies->at(endpoint.index).default_budget, Duration(70ms));
}

TEST_F(ServingStateTest, ASnapshotThatSomebodyHoldsDoesNotChange) {
  const Published before = state_.Now();
  state_.SetPolicy(0, Budget(70ms));
  EXPECT_EQ(before.policies->at(0).default_budget, Duration(30ms));
}

TEST_F(ServingStateTest, TheLargestBudgetIsTheLargestThatThereEverWas) {
  EXPECT_EQ(state_.LargestBudget(), Duration(10s));
  state_.SetPolicy(0, Budget(30ms, 90s));
  EXPECT_EQ(state_.LargestBudget(), Duration(90s));
  state_.SetPolicy(0, Budget(30ms, 1s));
  EXPECT_EQ(state_.LargestBudget(), Duration(90s));
}

TEST_F(ServingStateTest, AnswersAreKeptAsFallbacksUpToTheSizeInForce) {
  const serve::Endpoint& endpoint = Add("m");
  serve::EndpointPolicy policy = Budget(30ms);
  policy.fallback.max_bytes = 1024;
  state_.SetPolicy(endpoint.index, policy);
  endpoint.last_good.Put("key", std::string(2000, 'x'), clock_.Now());
  EXPECT_FALSE(endpoint.last_good.Find("key", 60s, clock_.Now()));
  policy.fallback.max_bytes = 100'000;
  state_.SetPolicy(endpoint.index, policy);
  endpoint.last_good.Put("key", std::string(2000, 'x'), clock_.Now());
  EXPECT_TRUE(endpoint.last_good.Find("key", 60s, clock_.Now()));
}

TEST_F(ServingStateTest, AllPoliciesAreReplacedAtOnceAndNewEndpointsStartWithTheNewBase) {
  const serve::Endpoint& first = Add("first");
  std::vector<Published> told;
  state_.Tell([&told](const Published& published) { told.push_back(published); });
  state_.SetPolicies(Budget(40ms), {Budget(41ms), Budget(42ms)});
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].policies->at(0).default_budget, Duration(41ms));
  EXPECT_EQ(state_.PolicyOf(first.index).default_budget, Duration(42ms));
  const serve::Endpoint& second = Add("second");
  EXPECT_EQ(state_.PolicyOf(second.index).default_budget, Duration(40ms));
  state_.SetCatalogue(CatalogueOf(second));
  EXPECT_EQ(told.back().policies->at(second.index).default_budget, Duration(40ms));
  EXPECT_EQ(state_.base().default_budget, Duration(40ms));
}

}  // namespace
}  // namespace baton::app
