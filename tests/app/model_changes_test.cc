// What a change of models has done to them, as texts.
#include "server/app/model_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::app {
namespace {

control::ModelState Model(const std::string& name, const std::string& state) {
  control::ModelState model;
  model.name = name;
  model.versions.resize(2);
  model.versions[0].version = "1";
  model.versions[0].state = "ready";
  model.versions[1].version = "2";
  model.versions[1].state = state;
  model.default_version = "1";
  return model;
}

TEST(ModelChangesTest, ATextHasVersionsChoicesAndLabels) {
  control::ModelState model = Model("m", "failed");
  EXPECT_EQ(TextOf(model), "1=ready 2=failed default=1");
  model.canary_version = "2";
  model.canary_share = 0.25;
  model.labels = {{"stable", "1"}, {"next", "2"}};
  EXPECT_EQ(TextOf(model), "1=ready 2=failed default=1 canary=2@0.25 next=2 stable=1");
}

TEST(ModelChangesTest, OnlyThoseThatDifferAreThereAlsoWhatComesAndGoes) {
  control::ModelState labelled = Model("b", "ready");
  labelled.labels = {{"stable", "2"}};
  const auto differences =
      DifferencesOf({Model("a", "ready"), Model("b", "ready"), Model("gone", "ready")},
                    {Model("a", "ready"), labelled, Model("new", "loading")});
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_EQ(differences[0].model, "b");
  EXPECT_EQ(differences[0].before, "1=ready 2=ready default=1");
  EXPECT_EQ(differences[0].after, "1=ready 2=ready default=1 stable=2");
  EXPECT_EQ(differences[1].model, "gone");
  EXPECT_EQ(differences[1].after, "");
  EXPECT_EQ(differences[2].model, "new");
  EXPECT_EQ(differences[2].before, "");
}

}  // namespace
}  // namespace baton::app
