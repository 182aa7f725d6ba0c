// Bodies of the protocol's extensions.
#include "server/api/model_answers.h"

#include <gtest/gtest.h>

namespace baton::api {
namespace {

ModelDescription Described() {
  ModelDescription model;
  model.name = "m";
  model.versions = {"1", "10"};
  model.platform = "onnxruntime_onnx";
  model.inputs = {{"x", models::DataType::kFp32, {-1, 30}}};
  model.outputs = {{"y", models::DataType::kBytes, {-1}}};
  model.max_batch_size = 1;
  return model;
}

TEST(ModelAnswersTest, AConfigurationHasAllDimensionsWhereRowsAreNotKnown) {
  EXPECT_EQ(ModelConfiguration(Described()),
            R"({"name":"m","platform":"onnxruntime_onnx","backend":"onnxruntime",)"
            R"("version_policy":{"specific":{"versions":[1,10]}},"max_batch_size":0,)"
            R"("input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1,30]}],)"
            R"("output":[{"name":"y","data_type":"TYPE_STRING","dims":[-1]}],"parameters":{}})");
}

TEST(ModelAnswersTest, AConfigurationOfABatchHasNoRowsInItsDimensions) {
  ModelDescription model = Described();
  model.has_batch_dimension = true;
  model.max_batch_size = 8;
  model.batch_delay = 2ms;
  model.settings = {{"criticality", "critical"}};
  EXPECT_EQ(
      ModelConfiguration(model),
      R"({"name":"m","platform":"onnxruntime_onnx","backend":"onnxruntime",)"
      R"("version_policy":{"specific":{"versions":[1,10]}},"max_batch_size":8,)"
      R"("dynamic_batching":{"preferred_batch_size":[8],"max_queue_delay_microseconds":2000},)"
      R"("input":[{"name":"x","data_type":"TYPE_FP32","dims":[30]}],)"
      R"("output":[{"name":"y","data_type":"TYPE_STRING","dims":[]}],)"
      R"("parameters":{"criticality":{"string_value":"critical"}}})");
}

TEST(ModelAnswersTest, StatisticsAreCountsAndNanoseconds) {
  VersionStatistics one;
  one.name = "m";
  one.version = "3";
  one.last_inference_unix_ms = 1700000000000;
  one.inferences = 7;
  one.executions = 5;
  one.success = {6, 3ms};
  one.fail = {1, 1us};
  one.batches = {{2, {1, 4ms}}};
  const std::string none = R"({"count":0,"ns":0})";
  EXPECT_EQ(ModelStatistics(std::vector{one}),
            R"({"model_stats":[{"name":"m","version":"3","last_inference":1700000000000,)"
            R"("inference_count":7,"execution_count":5,"inference_stats":{)"
            R"("success":{"count":6,"ns":3000000},"fail":{"count":1,"ns":1000},"queue":)" +
                none + R"(,"compute_input":)" + none + R"(,"compute_infer":)" + none +
                R"(,"compute_output":)" + none + R"(,"cache_hit":)" + none + R"(,"cache_miss":)" +
                none + R"(},"batch_stats":[{"batch_size":2,"compute_infer":)" +
                R"({"count":1,"ns":4000000}}]}]})");
}

}  // namespace
}  // namespace baton::api
