// A plug-in that does what no plug-in should, as its parameter "do" says; without the C++ header.
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>

#include "server/models/plugin/baton_plugin.h"

namespace {

#ifndef ODD_VERSION
#define ODD_VERSION BATON_PLUGIN_VERSION
#endif
#ifndef ODD_SIZE
#define ODD_SIZE sizeof(baton_plugin)
#endif

struct Odd {
  std::string what;
  baton_spec input = {"x", BATON_INT32, &kAny, 1};
  baton_spec outputs[2] = {{"y", BATON_INT32, &kAny, 1}, {"text", BATON_BYTES, &kAny, 1}};
  baton_description description = {&input, 1, outputs, 2};

  static constexpr std::int64_t kAny = -1;
};

const std::int64_t kNonsense = -7;

void* Create(const baton_config* config, const baton_call* call) {
  std::string what;
  for (std::size_t i = 0; i < config->count; ++i) {
    if (std::strcmp(config->keys[i], "do") == 0) what = config->values[i];
  }
  if (what == "create says why it fails") call->set_error(call->server, "no such luck");
  if (what.rfind("create", 0) == 0) return nullptr;
  return new Odd{what};
}

const baton_description* Describe(void* model) {
  Odd& odd = *static_cast<Odd*>(model);
  const std::map<std::string, void (*)(Odd&)> oddities = {
      {"describe no outputs", [](Odd& o) { o.description.output_count = 0; }},
      {"describe too many", [](Odd& o) { o.description.input_count = 1'000'000; }},
      {"describe at no address", [](Odd& o) { o.description.outputs = nullptr; }},
      {"describe no name", [](Odd& o) { o.outputs[1].name = nullptr; }},
      {"describe an empty name", [](Odd& o) { o.input.name = ""; }},
      {"describe twice", [](Odd& o) { o.outputs[1].name = "y"; }},
      {"describe a datatype", [](Odd& o) { o.input.datatype = 14; }},
      {"describe a dimension", [](Odd& o) { o.input.shape = &kNonsense; }},
      {"describe many dimensions", [](Odd& o) { o.input.rank = 65; }},
      {"describe no shape", [](Odd& o) { o.input.shape = nullptr; }},
  };
  if (odd.what == "describe nothing") return nullptr;
  if (const auto found = oddities.find(odd.what); found != oddities.end()) found->second(odd);
  return &odd.description;
}

// What is wrong with the output "y".
void Spoil(const std::string& what, baton_tensor& y) {
  static const std::int64_t minus[] = {-1};
  static const std::int64_t huge[] = {std::int64_t{1} << 62};
  static const std::int64_t two[] = {1, 1};
  if (what == "an unknown name") y.name = "z";
  if (what == "no name") y.name = nullptr;
  if (what == "a datatype") y.datatype = BATON_FP32;
  if (what == "a datatype that is none") y.datatype = 99;
  if (what == "too few bytes") y.data_bytes -= 1;
  if (what == "too many bytes") y.data_bytes += 4;
  if (what == "no address") y.data = nullptr;
  if (what == "a negative size") y.shape = minus;
  if (what == "a huge size") y.shape = huge;
  if (what == "another rank") y = {y.name, y.datatype, two, 2, y.data, 4, nullptr, 0};
  if (what == "a huge rank") y.rank = std::size_t{1} << 40;
  if (what == "no shape") y.shape = nullptr;
}

std::int32_t Predict(void* model, const baton_tensor* inputs, std::size_t /*count*/,
                     const baton_call* call) {
  const std::string& what = static_cast<const Odd*>(model)->what;
  if (what == "throw") throw std::runtime_error("thrown through C");
  if (what == "throw a number") throw 7;
  if (what == "fail") {
    call->set_error(call->server, "first");
    call->set_error(call->server, "out of cheese");
  }
  if (what.rfind("fail", 0) == 0) return what == "fail oddly" ? 77 : BATON_FAILED;
  if (what == "stop for no reason") return BATON_STOPPED;
  if (what == "wait") {
    while (call->is_stopped(call->server) == 0) {
    }
    return BATON_STOPPED;
  }
  baton_tensor y = inputs[0];
  y.name = "y";
  Spoil(what, y);
  const baton_text text = {what.data(), what.size()};
  const std::int64_t one = 1;
  const baton_tensor texts = {"text", BATON_BYTES, &one, 1, nullptr, 0, &text, 1};
  if (what != "an output missing") call->add_output(call->server, &texts);
  call->add_output(call->server, &y);
  if (what == "an output twice") call->add_output(call->server, &y);
  if (what == "an output nowhere") call->add_output(call->server, nullptr);
  return BATON_OK;
}

void Destroy(void* model) { delete static_cast<Odd*>(model); }

[[maybe_unused]] const baton_plugin kTable = {ODD_VERSION, ODD_SIZE, &Create,
                                              &Describe,   &Predict, &Destroy};

}  // namespace

extern "C" const baton_plugin* baton_plugin_v1();
#ifdef ODD_NO_TABLE
extern "C" const baton_plugin* baton_plugin_v1() { return nullptr; }
#else
extern "C" const baton_plugin* baton_plugin_v1() { return &kTable; }
#endif
