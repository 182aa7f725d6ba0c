// Which version runs a request.
#include "server/api/catalogue.h"

#include <algorithm>

#include "server/api/bad_input.h"
#include "server/serve/canary.h"

namespace baton::api {
namespace {

std::string Numbers(const CatalogueModel& model) {
  std::string text;
  for (const auto& version : model.versions) {
    text += (text.empty() ? "" : ", ") + version->number();
  }
  return text.empty() ? "none" : text;
}

std::string_view NumberOf(const CatalogueModel& model, std::string_view version) {
  const auto label = model.labels.find(version);
  return label == model.labels.end() ? version : label->second;
}

// Of a version, or of the whole model, that is known and does not answer.
tl::unexpected<Error> NotReady(const CatalogueModel& model, std::string_view version) {
  std::string text = "model " + Quoted(model.name);
  if (!version.empty()) text += " version " + Quoted(version);
  text += " is not ready";
  for (const AbsentVersion& absent : model.absent) {
    if (!version.empty() && absent.number != NumberOf(model, version)) continue;
    if (!absent.reason.empty()) text += ": " + absent.reason;
    break;
  }
  return Fail(ErrorCode::kUnavailable, std::move(text));
}

}  // namespace

ServedVersion::ServedVersion()
    : identity([] {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
      }()) {}

const serve::Handler* ServedVersion::HandlerOf(BodyFormat format) const {
  switch (format) {
    case BodyFormat::kPlain: return predict.get();
    case BodyFormat::kInfer: return infer.get();
    case BodyFormat::kGrpc: return grpc.get();
  }
  return nullptr;
}

const std::shared_ptr<const ServedVersion>* CatalogueModel::Find(std::string_view version) const {
  const std::string_view number = NumberOf(*this, version);
  const auto found = std::find_if(versions.begin(), versions.end(), [number](const auto& served) {
    return served->number() == number;
  });
  return found == versions.end() ? nullptr : &*found;
}

const std::shared_ptr<const ServedVersion>* CatalogueModel::Choose() const {
  if (canary &&
      serve::TakesCanary(arrivals->fetch_add(1, std::memory_order_relaxed), canary->share)) {
    if (const auto* const served = Find(canary->number)) return served;
  }
  return Find(chosen);
}

bool CatalogueModel::IsAbsent(std::string_view version) const {
  const std::string_view number = NumberOf(*this, version);
  return std::any_of(absent.begin(), absent.end(),
                     [number](const AbsentVersion& one) { return one.number == number; });
}

const CatalogueModel* Catalogue::Find(std::string_view name) const {
  const auto found = models_.find(name);
  return found == models_.end() ? nullptr : &found->second;
}

const CatalogueModel* Catalogue::MissingModel() const {
  const auto found = std::find_if(models_.begin(), models_.end(), [](const auto& entry) {
    return entry.second.is_required && entry.second.chosen.empty();
  });
  return found == models_.end() ? nullptr : &found->second;
}

Result<std::shared_ptr<const ServedVersion>> Catalogue::Pick(std::string_view name,
                                                             std::string_view version) const {
  const CatalogueModel* const model = Find(name);
  if (model == nullptr) return Fail(ErrorCode::kNotFound, "unknown model " + Quoted(name));
  const auto* const served = version.empty() ? model->Choose() : model->Find(version);
  if (served != nullptr) return *served;
  if (version.empty() || model->IsAbsent(version)) return NotReady(*model, version);
  return Fail(ErrorCode::kNotFound, "model " + Quoted(name) + " has no version " + Quoted(version) +
                                        ", expected one of " + Numbers(*model));
}

Result<std::shared_ptr<const ServedVersion>> Catalogue::Look(std::string_view name,
                                                             std::string_view version) const {
  const CatalogueModel* const model = Find(name);
  if (!version.empty() || model == nullptr) return Pick(name, version);
  const auto* const served = model->Find(model->chosen);
  if (served == nullptr) return NotReady(*model, version);
  return *served;
}

Result<Plan> Catalogue::PlanFor(std::string_view name, std::string_view version, BodyFormat format,
                                CanaryTurn turn) const {
  auto served = turn == CanaryTurn::kTakes ? Pick(name, version) : Look(name, version);
  if (!served) return tl::unexpected(std::move(served.error()));
  const CatalogueModel& model = *Find(name);
  Plan plan;
  plan.endpoint = model.endpoint;
  plan.cache = model.cache;
  plan.handler = (*served)->HandlerOf(format);
  plan.version = std::move(*served);
  plan.asked_version = version;
  plan.format = format;
  return plan;
}

}  // namespace baton::api
