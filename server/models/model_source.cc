// Scanning and loading from either place.
#include "server/models/model_source.h"

#include <algorithm>
#include <utility>

#include "server/models/bundled.h"
#include "server/models/checksums.h"

namespace baton::models {
namespace {

constexpr std::int64_t kBundledVersion = 1;

RepositoryScan ScanBundled() {
  RepositoryScan scan;
  for (const BundledModel& bundled : BundledModels()) {
    ScannedModel model;
    model.name = bundled.name;
    model.versions.push_back({kBundledVersion, {}, 1});
    scan.models.push_back(std::move(model));
  }
  return scan;
}

std::span<const std::byte> BundledOnnx(std::string_view name) {
  const auto all = BundledModels();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const BundledModel& one) { return one.name == name; });
  return found == all.end() ? std::span<const std::byte>() : found->onnx;
}

}  // namespace

RepositoryScan ModelSource::Scan() const {
  return is_folder() ? models::Scan(options_.directory) : ScanBundled();
}

Result<std::unique_ptr<Model>> ModelSource::Load(const ScannedModel& model,
                                                 const ScannedVersion& version) const {
  LoadRequest request;
  request.name = model.name;
  request.version = std::to_string(version.number);
  request.backend = model.config.backend;
  request.parameters = model.config.parameters;
  request.flatten_maps = model.config.flattens_sequences;
  if (!is_folder()) {
    request.onnx = BundledOnnx(model.name);
    return LoadModelVersion(request, options_.libraries);
  }
  if (Status whole = VerifyChecksums(version.folder); !whole) {
    return tl::unexpected(std::move(whole.error()));
  }
  request.folder = version.folder;
  auto loaded = LoadModelVersion(request, options_.libraries);
  const Result<Fingerprint> after = FingerprintOf(version.folder);
  if (!after || *after != version.fingerprint) {
    return Fail(ErrorCode::kAborted,
                version.folder.string() + ": changed while it was loaded, it will be tried again");
  }
  return loaded;
}

}  // namespace baton::models
