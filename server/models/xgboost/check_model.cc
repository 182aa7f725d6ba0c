// Follows every index of the model once, so that nobody follows a wrong one later.
#include "server/models/xgboost/check_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

#include "server/base/whole_number.h"
#include "server/models/xgboost/check_tree.h"

namespace baton::models::xgboost {
namespace {

// In the shape that a member has: an array of that many numbers, each from `least` to `most`.
Status CheckNumbers(const Numbers* numbers, std::string_view name, std::size_t count,
                    std::int64_t least, std::int64_t most) {
  if (numbers == nullptr || numbers->size() != count) {
    return Wrong(name, std::to_string(count) + " numbers");
  }
  const bool is_good = std::all_of(numbers->begin(), numbers->end(),
                                   [=](double number) { return IsWhole(number, least, most); });
  if (is_good) return {};
  return Wrong(name, "numbers from " + std::to_string(least) + " to " + std::to_string(most));
}

std::string VersionText(const Value& document) {
  const auto* const version = As<Numbers>(document.Find("version"));
  if (version == nullptr || version->empty()) return "no version";
  std::string text = "version ";
  for (const double part : *version) {
    text += text.back() == ' ' ? "" : ".";
    text += IsWhole(part, 0, 1'000'000) ? std::to_string(static_cast<int>(part)) : "?";
  }
  return text;
}

Status CheckVersion(const Value& document) {
  const auto* const version = As<Numbers>(document.Find("version"));
  if (version != nullptr && !version->empty() && version->front() == 1) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "is an XGBoost model of " + VersionText(document) +
                  ", expected 1.x: XGBoost 1.7, which runs it, would read another one wrongly",
              "version");
}

Status CheckBaseScore(const Value& parameters) {
  const auto* const text = As<std::string>(parameters.Find("base_score"));
  float score = 0;
  if (text != nullptr) {
    const char* const end = text->data() + text->size();
    const auto [stop, failure] = std::from_chars(text->data(), end, score);
    if (failure == std::errc() && stop == end && std::isfinite(score)) return {};
  }
  return Wrong("learner_model_param.base_score", "a number");
}

// Softmax divides by its own number of classes.
Status CheckObjective(const Value& learner, std::int64_t classes) {
  const Value* const objective = learner.Find("objective");
  if (objective == nullptr) return Wrong("learner.objective", "an object");
  const auto* const name = As<std::string>(objective->Find("name"));
  if (name == nullptr) return Wrong("learner.objective.name", "a text");
  if (name->rfind("multi:", 0) != 0) return {};
  const auto own = Whole(objective->Find("softmax_multiclass_param"), "num_class", 1, kMaxGroups);
  if (own && *own == classes) return {};
  return Wrong("objective.softmax_multiclass_param.num_class", std::to_string(classes));
}

Status CheckTrees(const Value& model, const ModelSize& size) {
  const Value* const parameters = model.Find("gbtree_model_param");
  const auto* const trees = As<Values>(model.Find("trees"));
  const std::size_t count = trees == nullptr ? 0 : trees->size();
  const auto trees_limit = static_cast<std::int64_t>(std::max<std::size_t>(count, 1));
  const auto told = Whole(parameters, "num_trees", 0, static_cast<std::int64_t>(count));
  if (!told || *told != static_cast<std::int64_t>(count)) {
    return Wrong("gbtree_model_param.num_trees", std::to_string(count) + ", as there are trees");
  }
  if (!Whole(parameters, "num_parallel_tree", 1, trees_limit)) {
    return Wrong("gbtree_model_param.num_parallel_tree", "from 1 to the number of trees");
  }
  if (Status status = CheckNumbers(As<Numbers>(model.Find("tree_info")), "tree_info", count, 0,
                                   size.groups - 1);
      !status) {
    return status;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (Status status = CheckTree((*trees)[i], i, size); !status) {
      status.error().message = "tree " + std::to_string(i) + ": " + status.error().message;
      return status;
    }
  }
  return {};
}

Status CheckBooster(const Value& learner, const ModelSize& size) {
  const Value* const booster = learner.Find("gradient_booster");
  const auto* const name = booster == nullptr ? nullptr : As<std::string>(booster->Find("name"));
  if (name == nullptr) return Wrong("learner.gradient_booster.name", "gbtree or dart");
  if (*name != "gbtree" && *name != "dart") {
    return Fail(ErrorCode::kInvalidArgument,
                "is a model of the booster '" + *name + "', expected gbtree or dart",
                "learner.gradient_booster.name");
  }
  const bool is_dart = *name == "dart";
  const Value* const trees_of = is_dart ? booster->Find("gbtree") : booster;
  const Value* const model = trees_of == nullptr ? nullptr : trees_of->Find("model");
  if (model == nullptr) return Wrong("learner.gradient_booster", "a model");
  if (Status status = CheckTrees(*model, size); !status) return status;
  if (!is_dart) return {};
  const auto* const trees = As<Values>(model->Find("trees"));
  const auto* const weights = As<Numbers>(booster->Find("weight_drop"));
  const std::size_t count = trees == nullptr ? 0 : trees->size();
  if (weights != nullptr && weights->size() == count) return {};
  return Wrong("weight_drop", std::to_string(count) + " numbers");
}

}  // namespace

Result<std::int64_t> CheckModel(const Value& document) {
  if (Status status = CheckVersion(document); !status) return tl::unexpected(status.error());
  const Value* const learner = document.Find("learner");
  if (learner == nullptr) return Wrong("learner", "an object");
  const Value* const parameters = learner->Find("learner_model_param");
  const auto features = Whole(parameters, "num_feature", 1, kMaxFeatures);
  if (!features) return Wrong("learner_model_param.num_feature", "from 1 to 1048576");
  const auto classes = Whole(parameters, "num_class", 0, kMaxGroups);
  if (!classes) return Wrong("learner_model_param.num_class", "from 0 to 65536");
  // Models older than 1.6 do not have it.
  const bool has_targets = parameters->Find("num_target") != nullptr;
  const auto targets = has_targets ? Whole(parameters, "num_target", 1, kMaxGroups) : 1;
  if (!targets) return Wrong("learner_model_param.num_target", "from 1 to 65536");
  if (Status status = CheckBaseScore(*parameters); !status) return tl::unexpected(status.error());
  if (Status status = CheckObjective(*learner, *classes); !status) {
    return tl::unexpected(status.error());
  }
  const ModelSize size = {*features, std::max(*classes, *targets)};
  if (Status status = CheckBooster(*learner, size); !status) return tl::unexpected(status.error());
  return *features;
}

}  // namespace baton::models::xgboost
