// Loading, choosing and publishing.
#include "server/app/model_shelf.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "server/api/bad_input.h"
#include "server/app/mistakes.h"
#include "server/app/warm_up.h"
#include "server/base/log.h"
#include "server/control/endpoint_settings.h"
#include "server/serve/handler.h"

namespace baton::app {
namespace {

constexpr std::uintmax_t kMostSampleBytes = std::uintmax_t{64} << 20U;

// What config.yaml wants to be run before the first request.
Result<std::vector<std::string>> ReadSamples(const models::ScannedModel& scanned) {
  std::vector<std::string> bodies;
  for (const std::string& name : scanned.config.warm_up) {
    const std::filesystem::path path = scanned.folder / name;
    std::error_code error;
    const bool is_fit = std::filesystem::is_regular_file(path, error) &&
                        std::filesystem::file_size(path, error) <= kMostSampleBytes;
    std::ifstream file;
    if (is_fit && !error) file.open(path, std::ios::binary);
    std::string body((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!is_fit || !file) {
      return tl::unexpected(InConfig(
          scanned,
          {ErrorCode::kInvalidArgument,
           "warm_up: " + name + " cannot be read, expected a file of at most 64MiB", "warm_up"}));
    }
    bodies.push_back(std::move(body));
  }
  return bodies;
}

std::shared_ptr<serve::ResponseCache> MakeCache(const models::ModelConfig& config) {
  if (!config.cache) return nullptr;
  return std::make_shared<serve::ResponseCache>(
      serve::CachePolicy{static_cast<std::size_t>(config.cache->max_bytes), config.cache->max_age});
}

// What TakeSettings looks at.
std::string SettingsText(const models::ModelConfig& config) {
  std::string text;
  for (const models::ConfiguredSetting& setting : config.settings) {
    text += setting.key + "=" + setting.value + "\n";
  }
  if (config.cache) {
    text += "cache " + std::to_string(config.cache->max_bytes) + " " +
            std::to_string(config.cache->max_age.count());
  }
  return text;
}

// Whatever a library throws while it loads is one more reason.
template <typename Make>
auto Guarded(const Make& make) -> decltype(make()) {
  try {
    return make();
  } catch (const std::exception& failure) {
    return Fail(ErrorCode::kInvalidArgument, std::string("loading failed: ") + failure.what());
  }
}

Status CheckLabels(const models::ScannedModel& scanned, const models::ModelInfo& info) {
  for (const auto& [output, labels] : scanned.config.labels) {
    const auto is_it = [&output = output](const auto& spec) { return spec.name == output; };
    if (std::any_of(info.outputs.begin(), info.outputs.end(), is_it)) continue;
    return tl::unexpected<Error>(
        InConfig(scanned, {ErrorCode::kInvalidArgument,
                           "labels: the model has no output " + api::Quoted(output), "labels"}));
  }
  return {};
}

// Of those that answer, the newest that fits; 0 where none does.
template <typename Fits>
std::int64_t Newest(const KeptModel& model, const Fits& fits) {
  std::int64_t newest = 0;
  for (const auto& [number, version] : model.versions) {
    if (version.served && fits(number)) newest = number;
  }
  return newest;
}

void LogFailure(const std::string& model, const std::string& version, const std::string& reason) {
  Log(LogLevel::kError, "model_not_loaded",
      {{"model", model}, {"version", version}, {"reason", reason}});
}

}  // namespace

ModelShelf::ModelShelf(const Parts& parts, api::HandlerOptions handlers)
    : parts_(parts), handlers_(std::move(handlers)), metrics_(parts.registry) {}

ModelShelf::~ModelShelf() = default;

Status ModelShelf::Announce(const std::vector<models::ScannedModel>& scanned) {
  Mistakes mistakes;
  for (const models::ScannedModel& model : scanned) mistakes.Add(Open(model));
  return mistakes.ToStatus();
}

// Its name and endpoint.
Status ModelShelf::Open(const models::ScannedModel& scanned) {
  if (!scanned.was_read) {
    Mistakes mistakes;
    for (const models::Problem& problem : scanned.problems) mistakes.Add(ToError(problem));
    return mistakes.ToStatus();
  }
  const auto endpoint = parts_.endpoints.Add(scanned.name, serve::Endpoint::Kind::kModel);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  KeptModel& model = models_[scanned.name];
  model.name = scanned.name;
  model.endpoint = *endpoint;
  model.scanned = scanned;
  return {};
}

// Those of config.yaml, and of the configuration over them. What an operator has changed since
// stays, until config.yaml changes.
Status ModelShelf::TakeSettings(KeptModel& model) {
  const models::ScannedModel& scanned = model.scanned;
  std::string settings = SettingsText(scanned.config);
  if (model.settings_used == settings) return {};
  control::EndpointChange configured;
  for (const models::ConfiguredSetting& setting : scanned.config.settings) {
    const Status added = control::AddSetting(setting.key + "=" + setting.value, configured);
    if (!added) return tl::unexpected<Error>(InConfig(scanned, added.error()));
  }
  const auto policy = PolicyWith(parts_.serving.base(), configured);
  if (!policy) return tl::unexpected<Error>(InConfig(scanned, policy.error()));
  if (Status sound = CheckFallbackModel(*policy, model.name, parts_.endpoints.All()); !sound) {
    return tl::unexpected<Error>(InConfig(scanned, sound.error()));
  }
  configured.origin = (scanned.folder / models::kConfigFile).string();
  const Status taken = parts_.configured.TakeModel(*model.endpoint, std::move(configured));
  if (!taken) return taken;
  model.cache = MakeCache(scanned.config);
  model.settings_used = std::move(settings);
  return {};
}

Status ModelShelf::Update(const models::ScannedModel& scanned, bool retries) {
  const auto known = models_.find(scanned.name);
  if (known != models_.end() && known->second.is_unloaded && !retries) return {};
  Mistakes mistakes;
  const Status opened = Open(scanned);
  mistakes.Add(opened);
  if (opened) {
    KeptModel& model = models_[scanned.name];
    model.is_unloaded = false;
    for (const models::Problem& problem : scanned.problems) mistakes.Add(ToError(problem));
    mistakes.Add(TakeSettings(model));
    if (model.settings_used) {  // else nobody knows how it is to be served
      mistakes.Add(scanned.config.pipeline ? Connect(model) : LoadVersions(model, retries));
    }
  }
  const Status done = mistakes.ToStatus();
  if (const auto model = models_.find(scanned.name); model != models_.end()) {
    model->second.reason = done ? "" : done.error().message;
  }
  Publish();
  return done;
}

Status ModelShelf::LoadVersions(KeptModel& model, bool retries) {
  model.steps.clear();  // it may have been a pipeline
  std::vector<std::int64_t> present;
  for (const models::ScannedVersion& version : model.scanned.versions) {
    present.push_back(version.number);
  }
  if (present.empty()) return {};  // a problem of the folder, and said there
  const auto wanted = models::VersionsToServe(model.scanned.config, present);
  if (!wanted) return tl::unexpected<Error>(InConfig(model.scanned, wanted.error()));
  return LoadWanted(model, *wanted, retries);
}

Status ModelShelf::LoadWanted(KeptModel& model, const models::ServedVersions& wanted,
                              bool retries) {
  Mistakes mistakes;
  for (const models::ScannedVersion& version : model.scanned.versions) {
    if (std::binary_search(wanted.numbers.begin(), wanted.numbers.end(), version.number)) {
      mistakes.Add(LoadVersion(model, version, retries));
    }
  }
  Choose(model, wanted);
  // What is not wanted any more answers until all that is wanted does.
  if (model.AllAreReady(wanted.numbers)) {
    std::vector<std::int64_t> unwanted;
    for (const auto& [number, version] : model.versions) {
      if (!std::binary_search(wanted.numbers.begin(), wanted.numbers.end(), number)) {
        unwanted.push_back(number);
      }
    }
    for (const std::int64_t number : unwanted) Withdraw(model, number);
  }
  return mistakes.ToStatus();
}

Status ModelShelf::LoadVersion(KeptModel& model, const models::ScannedVersion& scanned,
                               bool retries) {
  KeptVersion& version = model.versions[scanned.number];
  const models::Fingerprint fingerprint = FingerprintOf(model.scanned, scanned);
  if (version.served && version.loaded == fingerprint) {
    if (version.state != VersionState::kReady) version.reason.clear();  // it was put back
    version.state = VersionState::kReady;
    version.failed = 0;
    return {};
  }
  if (version.failed == fingerprint && !retries) {
    return Fail(ErrorCode::kInvalidArgument, version.reason);
  }
  version.state = VersionState::kLoading;
  Note();
  const SteadyTime began = parts_.clock.Now();
  auto ready = Guarded([&]() -> Result<std::shared_ptr<const api::ServedVersion>> {
    auto loaded = parts_.source.Load(model.scanned, scanned);
    if (!loaded) return tl::unexpected(std::move(loaded.error()));
    return MakeReady(model, std::move(*loaded));
  });
  if (!ready)
    return Failed(model, scanned.number, fingerprint, Placed(model.scanned, ready.error()));
  TakeIn(model, scanned.number, std::move(*ready), fingerprint, parts_.clock.Now() - began);
  return {};
}

Status ModelShelf::Failed(KeptModel& model, std::int64_t number, models::Fingerprint fingerprint,
                          const Error& error) {
  KeptVersion& version = model.versions[number];
  version.state = VersionState::kFailed;
  version.reason = error.message;
  // What has changed meanwhile is tried again.
  version.failed = error.code == ErrorCode::kAborted ? 0 : fingerprint;
  metrics_.NoteFailed(model.name, std::to_string(number), version.served != nullptr);
  LogFailure(model.name, std::to_string(number), version.reason);
  return tl::unexpected<Error>(error);
}

void ModelShelf::TakeIn(KeptModel& model, std::int64_t number,
                        std::shared_ptr<const api::ServedVersion> served,
                        models::Fingerprint fingerprint, Duration took) {
  KeptVersion& version = model.versions[number];
  if (version.served) withdrawn_.push_back(std::move(version.served));
  version = KeptVersion{};
  version.state = VersionState::kReady;
  version.served = std::move(served);
  version.loaded = fingerprint;
  version.load_time = took;
  const std::string text = std::to_string(number);
  metrics_.NoteLoaded(model.name, text, version.served->model->info().platform, took);
  Log(LogLevel::kInfo, "model_loaded",
      {{"model", model.name}, {"version", text}, {"took_ms", ToMillis(took)}});
}

Result<std::shared_ptr<const api::ServedVersion>> ModelShelf::MakeReady(
    const KeptModel& model, std::unique_ptr<models::Model> loaded) const {
  auto samples = ReadSamples(model.scanned);
  if (!samples) return tl::unexpected(samples.error());
  if (const Status sound = CheckLabels(model.scanned, loaded->info()); !sound) {
    return tl::unexpected(sound.error());
  }
  const bool has_samples = !samples->empty();
  auto served = api::MakeServedVersion(
      std::move(loaded), {std::move(*samples), model.scanned.config.labels}, handlers_);
  const Status warm = WarmUp(*model.endpoint, *served->infer, parts_.serving, parts_.desk,
                             parts_.clock, stop_.get_token());
  if (warm || !has_samples) return served;  // zeros, which some models do not take, say nothing
  return tl::unexpected(InConfig(
      model.scanned, Error{ErrorCode::kInvalidArgument,
                           "warm_up: a sample fails: " + warm.error().message, "warm_up"}));
}

void ModelShelf::Choose(KeptModel& model, const models::ServedVersions& wanted) const {
  // A canary's predecessor takes over only once the canary is there: a new version that does not
  // load changes nothing. One that was taken back as a canary never takes over.
  const bool canary_is_there = !wanted.canary || model.Answers(*wanted.canary);
  const bool takes_over = model.Answers(wanted.default_version) && canary_is_there &&
                          !model.WasTakenBack(wanted.default_version);
  if (takes_over) {
    model.chosen = wanted.default_version;
  } else if (!model.Answers(model.chosen)) {
    model.chosen = Newest(model, [&](std::int64_t number) {
      return number != wanted.canary && !model.WasTakenBack(number);
    });
    if (model.chosen == 0) model.chosen = Newest(model, [](std::int64_t) { return true; });
  }
  const bool is_on_trial = wanted.canary && model.Answers(*wanted.canary) && model.chosen != 0 &&
                           *wanted.canary != model.chosen && !model.WasTakenBack(*wanted.canary);
  model.canary.reset();
  if (is_on_trial) model.canary = {*wanted.canary, *model.scanned.config.canary};
  model.labels.clear();
  for (const auto& [label, number] : wanted.labels) model.labels[label] = number;
}

void ModelShelf::Withdraw(KeptModel& model, std::int64_t number) {
  KeptVersion& version = model.versions[number];
  if (version.served) {
    withdrawn_.push_back(std::move(version.served));
    Log(LogLevel::kInfo, "model_withdrawn",
        {{"model", model.name}, {"version", std::to_string(number)}});
  }
  version.state = VersionState::kUnloaded;
  version.loaded = 0;
  metrics_.NoteGone(model.name, std::to_string(number));
  const auto& there = model.scanned.versions;
  if (std::any_of(there.begin(), there.end(),
                  [number](const auto& one) { return one.number == number; })) {
    return;
  }
  metrics_.ForgetVersion(model.name, std::to_string(number));
  model.versions.erase(number);
  model.taken_back.erase(number);
}

Status ModelShelf::Unload(const std::string& name) {
  const auto found = models_.find(name);
  if (found == models_.end()) {
    return Fail(ErrorCode::kNotFound, "there is no model " + api::Quoted(name), "name");
  }
  KeptModel& model = found->second;
  model.is_unloaded = true;
  model.steps.clear();
  model.chosen = 0;
  model.canary.reset();
  std::vector<std::int64_t> numbers;
  for (const auto& [number, version] : model.versions) numbers.push_back(number);
  for (const std::int64_t number : numbers) Withdraw(model, number);
  for (auto& [number, version] : model.versions) version.reason = "unloaded by an operator";
  Publish();
  return {};
}

void ModelShelf::Forget(const std::string& name) {
  const auto found = models_.find(name);
  if (found == models_.end()) return;
  for (auto& [number, version] : found->second.versions) {
    if (version.served) withdrawn_.push_back(std::move(version.served));
    metrics_.ForgetVersion(name, std::to_string(number));
  }
  models_.erase(found);
  Publish();
  Log(LogLevel::kInfo, "model_gone", {{"model", name}});
}

void ModelShelf::TakeBackCanary(const std::string& name, const std::string& reason) {
  const auto found = models_.find(name);
  if (found == models_.end() || !found->second.canary) return;
  KeptModel& model = found->second;
  const std::int64_t number = model.canary->number;
  KeptVersion& version = model.versions[number];
  model.taken_back[number] = version.loaded;
  version.reason = "taken back as a canary: " + reason;
  model.canary.reset();
  Publish();
  metrics_.NoteCanaryTakenBack(name);
  Log(LogLevel::kWarning, "canary_taken_back",
      {{"model", name}, {"version", std::to_string(number)}, {"reason", reason}});
}

// The shelf's own hold is the last one once every loop has its new catalogue and every request has
// ended.
bool ModelShelf::FreeWithdrawn() {
  std::erase_if(withdrawn_, [](const auto& served) { return served.use_count() == 1; });
  return !withdrawn_.empty();
}

// At once, and again when that has made other pipelines.
void ModelShelf::Publish() {
  do {
    std::map<std::string, api::CatalogueModel, std::less<>> entries;
    for (const auto& [name, model] : models_) entries.emplace(name, ToCatalogue(model));
    parts_.serving.SetCatalogue(api::Catalogue(std::move(entries)));
    Note();
  } while (ConnectPipelines());
}

void ModelShelf::Note() {
  std::vector<control::ModelState> states;
  for (const auto& [name, model] : models_) states.push_back(ToState(model));
  MutexLock lock(mutex_);
  states_ = std::move(states);
}

std::vector<control::ModelState> ModelShelf::States() const {
  MutexLock lock(mutex_);
  return states_;
}

}  // namespace baton::app
