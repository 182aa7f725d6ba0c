// The sections of a config.yaml that say which versions are served, and those that name no files.
#pragma once

#include "server/models/model_config.h"
#include "server/yaml/config_reader.h"

namespace baton::models {

// Each reads its section and refuses what is wrong with it.
void ReadVersions(yaml::ConfigReader& reader, const yaml::ConfigValue& value,
                  VersionPolicy& policy);
void ReadCanary(yaml::ConfigReader& reader, const yaml::ConfigValue& value, CanaryConfig& canary);
void ReadCache(yaml::ConfigReader& reader, const yaml::ConfigValue& value, CacheConfig& cache);
void ReadPipeline(yaml::ConfigReader& reader, const yaml::ConfigValue& value,
                  PipelineConfig& pipeline);
// A map from texts to texts.
void ReadTexts(yaml::ConfigReader& reader, const yaml::ConfigValue& value,
               std::map<std::string, std::string>& target);

}  // namespace baton::models
