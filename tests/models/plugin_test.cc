// Plug-ins: the example as it should be, and others as they should not.
#include <fstream>
#include <iterator>
#include <optional>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/models/plugin/plugin_model.h"
#include "tests/models/support.h"
#include "tests/support/temporary_folder.h"

namespace baton::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing_support::TemporaryFolder;
using namespace std::string_literals;
namespace fs = std::filesystem;

Result<std::unique_ptr<PluginModel>> Load(const fs::path& file, const Parameters& parameters = {}) {
  return PluginModel::FromFile("m", "1", file, parameters);
}

std::unique_ptr<PluginModel> Example(const Parameters& parameters = {}) {
  auto model = Load(BATON_TEST_EXAMPLE_PLUGIN, parameters);
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

std::unique_ptr<PluginModel> Odd(const std::string& what) {
  auto model = Load(BATON_TEST_ODD_PLUGIN, {{"do", what}});
  if (!model) throw std::runtime_error(model.error().message);
  return std::move(*model);
}

std::string ReasonOf(const Result<std::unique_ptr<PluginModel>>& model) {
  if (model) return "it loads";
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  return model.error().message;
}

std::string BytesOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// Whether a file of this name is mapped into the process.
bool IsLoaded(const fs::path& file) {
  return BytesOf("/proc/self/maps").find(file.string()) != std::string::npos;
}

std::vector<Tensor> OneNumber() {
  return {MakeTensor<std::int32_t>("x", DataType::kInt32, {1}, {5})};
}

TEST(PluginTest, TheExampleSaysWhatItIs) {
  const auto model = Example();
  EXPECT_EQ(model->info().name, "m");
  EXPECT_EQ(model->info().platform, "baton_plugin");
  ASSERT_EQ(model->info().inputs.size(), 1u);
  EXPECT_EQ(model->info().inputs[0].name, "series");
  EXPECT_EQ(model->info().inputs[0].type, DataType::kFp32);
  EXPECT_THAT(model->info().inputs[0].shape, ElementsAre(-1, -1));
  EXPECT_THAT(model->info().outputs[0].shape, ElementsAre(-1));
}

TEST(PluginTest, TheExamplePredictsWithItsParameter) {
  const auto inputs = std::vector{Floats("series", {2, 3}, {1, 2, 3, 10, 10, 10})};
  const auto half = Example()->Predict(inputs, {}, {});
  ASSERT_TRUE(half) << half.error().message;
  EXPECT_THAT(ElementsOf<float>((*half)[0]), ElementsAre(2.25F, 10.0F));
  const auto whole = Example({{"alpha", "1"}})->Predict(inputs, {}, {});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_THAT(ElementsOf<float>((*whole)[0]), ElementsAre(3.0F, 10.0F));
}

TEST(PluginTest, WhatTheExampleCallsBadInputIsTheClientsFault) {
  const auto outputs = Example()->Predict(std::vector{Floats("series", {1, 0}, {})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(outputs.error().message, "the plug-in: series: expected at least one value a row");
}

TEST(PluginTest, AnExceptionOfTheConstructorIsTheReasonWhyItDoesNotLoad) {
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_EXAMPLE_PLUGIN, {{"alpha", "7"}})),
            "the plug-in makes no model: alpha: expected above 0, up to 1");
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_EXAMPLE_PLUGIN, {{"alpha", "x"}})),
            "the plug-in makes no model: parameter 'alpha': expected a number, got 'x'");
}

TEST(PluginTest, TheServerChecksInputsBeforeThePluginSeesThem) {
  const auto outputs = Example()->Predict(std::vector{Floats("series", {3}, {1, 2, 3})}, {}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().message, "input 'series': expected shape [-1,-1], got [3]");
}

TEST(PluginTest, OutputsComeInTheWantedOrder) {
  const auto model = Odd("well");
  const auto outputs = model->Predict(OneNumber(), std::vector{"text"s, "y"s}, {});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_THAT((*outputs)[0].strings, ElementsAre("well"));
  EXPECT_THAT(ElementsOf<std::int32_t>((*outputs)[1]), ElementsAre(5));
}

TEST(PluginTest, SeveralThreadsPredictAtOnce) {
  const auto model = Example();
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : right) {
      threads.emplace_back([&model, &count] {
        for (int i = 0; i < 200; ++i) {
          const auto value = static_cast<float>(i);
          const auto outputs =
              model->Predict(std::vector{Floats("series", {1, 1}, {value})}, {}, {});
          count += outputs && (*outputs)[0].As<float>()[0] == value ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(right, ::testing::Each(200));
}

TEST(PluginTest, ALibraryWithoutTheEntryIsNoPlugin) {
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_NO_PLUGIN)),
            "is no plug-in: it exports no function baton_plugin_v1");
}

TEST(PluginTest, AnotherVersionOfTheInterfaceIsRefused) {
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_NEWER_PLUGIN)),
            "is a plug-in of version 2 of the interface, expected 1");
}

TEST(PluginTest, AShortTableOrNoneIsRefused) {
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_SHORT_PLUGIN)), "its table has 8 bytes, expected at least 40");
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_EMPTY_PLUGIN)), "baton_plugin_v1() returned no table");
}

TEST(PluginTest, AFileThatIsNoLibraryIsRefused) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "model.so";
  for (const std::string& bytes : {""s, "text"s, std::string(4096, 'x'),
                                   "\x7F"
                                   "ELF"s}) {
    Write(file, bytes);
    EXPECT_EQ(ReasonOf(Load(file)), "is no shared library, expected a 64-bit ELF one");
  }
  EXPECT_EQ(ReasonOf(Load(folder.path() / "nothing.so")), "cannot be read");
}

TEST(PluginTest, ALibraryCutShortAnywhereIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = BytesOf(BATON_TEST_ODD_PLUGIN);
  const fs::path file = folder.path() / "model.so";
  for (std::size_t part = 0; part < 16; ++part) {
    Write(file, whole.substr(0, (whole.size() - 1) * (part + 1) / 16));
    EXPECT_THAT(ReasonOf(Load(file)), Not(HasSubstr("it loads"))) << part;
  }
}

TEST(PluginTest, ACreateThatFailsSaysWhy) {
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_ODD_PLUGIN, {{"do", "create says why it fails"}})),
            "the plug-in makes no model: no such luck");
  EXPECT_EQ(ReasonOf(Load(BATON_TEST_ODD_PLUGIN, {{"do", "create fails"}})),
            "the plug-in makes no model: it gave no reason");
}

TEST(PluginTest, ADescriptionThatMakesNoSenseIsRefused) {
  const std::vector<std::pair<std::string, std::string>> nonsense = {
      {"nothing", "there is none"},
      {"no outputs", "no output"},
      {"too many", "1000000 inputs, expected at most 1024"},
      {"at no address", "2 outputs at no address"},
      {"no name", "output 1 has no name"},
      {"an empty name", "input 0 has no name"},
      {"twice", "output 'y' is there twice"},
      {"a datatype", "input 'x' has the datatype 14"},
      {"a dimension", "input 'x' has the shape [-7]"},
      {"many dimensions", "input 'x' has 65 dimensions, expected at most 64"},
      {"no shape", "input 'x' has 1 dimensions and no shape"},
  };
  for (const auto& [what, reason] : nonsense) {
    EXPECT_EQ(ReasonOf(Load(BATON_TEST_ODD_PLUGIN, {{"do", "describe " + what}})),
              "its description makes no sense: " + reason);
  }
}

TEST(PluginTest, AnOutputThatIsNotAsDescribedFailsTheRunOnly) {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"an unknown name", "output 'z' is not in its description"},
      {"no name", "output '' is not in its description"},
      {"a datatype", "output 'y': expected datatype INT32, got 10"},
      {"a datatype that is none", "output 'y': expected datatype INT32, got 99"},
      {"too few bytes", "output 'y': expected [1] to be filled, got 3 bytes"},
      {"too many bytes", "output 'y': expected [1] to be filled, got 8 bytes"},
      {"no address", "output 'y': expected [1] to be filled, got 4 bytes at no address"},
      {"a negative size", "output 'y': expected shape [-1], got [-1]"},
      {"a huge size", "output 'y': expected [4611686018427387904] to be filled, got 4 bytes"},
      {"another rank", "output 'y': expected shape [-1], got [1,1]"},
      {"a huge rank", "output 'y': expected shape [-1], got 1099511627776 dimensions"},
      {"no shape", "output 'y': expected shape [-1], got 1 dimensions"},
      {"an output missing", "output 'text' was not given"},
      {"an output twice", "output 'y' was given twice"},
  };
  for (const auto& [what, reason] : mistakes) {
    const auto outputs = Odd(what)->Predict(OneNumber(), {}, {});
    ASSERT_FALSE(outputs) << what;
    EXPECT_EQ(outputs.error().code, ErrorCode::kInternal) << what;
    EXPECT_EQ(outputs.error().message, "the plug-in: " + reason);
  }
  EXPECT_TRUE(Odd("an output nowhere")->Predict(OneNumber(), {}, {}));
}

TEST(PluginTest, ARunThatFailsSaysItsLastMessage) {
  const auto reason = [](const std::string& what) {
    const auto outputs = Odd(what)->Predict(OneNumber(), {}, {});
    if (outputs) return "it answered"s;
    EXPECT_EQ(outputs.error().code, ErrorCode::kInternal);
    return outputs.error().message;
  };
  EXPECT_EQ(reason("fail"), "the plug-in: out of cheese");
  EXPECT_EQ(reason("fail silently"), "the plug-in: it gave no reason");
  EXPECT_EQ(reason("fail oddly"), "the plug-in: it gave no reason");
  EXPECT_EQ(reason("stop for no reason"), "the plug-in: it gave no reason");
}

TEST(PluginTest, AnExceptionThroughTheCInterfaceGoesNoFurther) {
  const auto thrown = Odd("throw")->Predict(OneNumber(), {}, {});
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
  EXPECT_EQ(thrown.error().message, "the plug-in: thrown through C");
  EXPECT_EQ(Odd("throw a number")->Predict(OneNumber(), {}, {}).error().message,
            "the plug-in: an exception of unknown type");
}

TEST(PluginTest, ARunIsStoppedInItsMiddle) {
  const auto model = Odd("wait");
  std::stop_source stop;
  std::thread stopper([&stop] { stop.request_stop(); });
  const auto outputs = model->Predict(OneNumber(), {}, stop.get_token());
  stopper.join();
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(PluginTest, TheLibraryGoesWithItsLastModel) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "model.so";
  fs::copy_file(BATON_TEST_EXAMPLE_PLUGIN, file);
  auto first = Load(file);
  auto second = Load(file);
  ASSERT_TRUE(first && second);
  first->reset();
  EXPECT_TRUE((*second)->Predict(std::vector{Floats("series", {1, 1}, {1})}, {}, {}));
  EXPECT_TRUE(IsLoaded(file));
  second->reset();
  EXPECT_FALSE(IsLoaded(file));
}

TEST(PluginTest, AFileRenamedIntoThePlaceOfAnotherIsANewLibrary) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "model.so";
  fs::copy_file(BATON_TEST_EXAMPLE_PLUGIN, file);
  const auto before = Load(file);
  ASSERT_TRUE(before);
  fs::copy_file(BATON_TEST_ODD_PLUGIN, folder.path() / "next.so");
  fs::rename(folder.path() / "next.so", file);
  const auto after = Load(file);
  ASSERT_TRUE(after);
  EXPECT_EQ((*after)->info().inputs[0].name, "x");
  EXPECT_TRUE((*before)->Predict(std::vector{Floats("series", {1, 1}, {1})}, {}, {}));
}

TEST(PluginTest, AFileThatDoesNotLoadLeavesNothingOpen) {
  const auto open = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator{});
  };
  const auto before = open();
  EXPECT_FALSE(Load(BATON_TEST_NEWER_PLUGIN));
  EXPECT_FALSE(Load(BATON_TEST_ODD_PLUGIN, {{"do", "describe nothing"}}));
  EXPECT_EQ(open(), before);
  EXPECT_FALSE(IsLoaded(BATON_TEST_NEWER_PLUGIN));
}

}  // namespace
}  // namespace baton::models
