// Baton plug-ins in C++20: derive from Endpoint, and put BATON_PLUGIN(YourEndpoint) below it.
//
// Needs this header, baton_plugin.h, and nothing of the server. What the code throws reaches the
// client as an error and never the server: BadInput as status 400, anything else as 500.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "baton_plugin.h"

namespace baton::plugin {

using Shape = std::vector<std::int64_t>;

// To be thrown for what is the client's fault.
struct BadInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Thrown by Call::ThrowIfStopped, and let through by the code in between.
struct Stopped : std::exception {
  const char* what() const noexcept override { return "stopped"; }
};

// The datatype of elements of type T. FP16 and BF16 have no type of their own: name them.
template <typename T>
constexpr std::int32_t DatatypeOf() {
  if constexpr (std::is_same_v<T, bool>) return BATON_BOOL;
  if constexpr (std::is_same_v<T, std::uint8_t>) return BATON_UINT8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return BATON_UINT16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return BATON_UINT32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return BATON_UINT64;
  if constexpr (std::is_same_v<T, std::int8_t>) return BATON_INT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return BATON_INT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return BATON_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return BATON_INT64;
  if constexpr (std::is_same_v<T, float>) return BATON_FP32;
  if constexpr (std::is_same_v<T, double>) return BATON_FP64;
  if constexpr (std::is_same_v<T, std::string>) return BATON_BYTES;
  return -1;
}

// What the operator configured.
class Config {
 public:
  explicit Config(const baton_config& config) : config_(config) {}

  std::string_view model_name() const { return config_.model_name; }
  std::string_view model_version() const { return config_.model_version; }
  std::string_view folder() const { return config_.folder; }

  std::string_view Text(std::string_view key, std::string_view otherwise) const {
    for (std::size_t i = 0; i < config_.count; ++i) {
      if (key == config_.keys[i]) return config_.values[i];
    }
    return otherwise;
  }

  // Throws for a text that is no number.
  double Number(std::string_view key, double otherwise) const {
    const std::string_view text = Text(key, {});
    if (text.empty()) return otherwise;
    double number = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || stop != text.data() + text.size()) {
      throw std::runtime_error("parameter '" + std::string(key) + "': expected a number, got '" +
                               std::string(text) + "'");
    }
    return number;
  }

 private:
  const baton_config& config_;
};

// An input where the server holds it.
class Tensor {
 public:
  explicit Tensor(const baton_tensor& tensor) : tensor_(tensor) {}

  std::span<const std::int64_t> shape() const { return {tensor_.shape, tensor_.rank}; }

  // The elements. Requires: T is of the size that the input's datatype has.
  template <typename T>
  std::span<const T> As() const {
    return {static_cast<const T*>(tensor_.data), tensor_.data_bytes / sizeof(T)};
  }

  std::vector<std::string_view> Texts() const {
    std::vector<std::string_view> texts;
    texts.reserve(tensor_.text_count);
    for (std::size_t i = 0; i < tensor_.text_count; ++i) {
      texts.emplace_back(tensor_.texts[i].data, tensor_.texts[i].size);
    }
    return texts;
  }

 private:
  const baton_tensor& tensor_;
};

// One request and the way to answer it.
class Call {
 public:
  Call(const baton_tensor* inputs, const baton_call& call) : inputs_(inputs), call_(call) {}

  // By place, in the order of AddInput.
  Tensor Input(std::size_t index) const { return Tensor(inputs_[index]); }

  // Whether nobody waits for the answer any more.
  bool IsStopped() const { return call_.is_stopped(call_.server) != 0; }
  void ThrowIfStopped() const {
    if (IsStopped()) throw Stopped();
  }

  // Answers with one output; each is given once. The elements are copied.
  template <typename T>
  void Output(const char* name, const Shape& shape, const std::vector<T>& elements) const {
    static_assert(DatatypeOf<T>() >= 0 && !std::is_same_v<T, bool>, "use OutputBytes");
    if constexpr (std::is_same_v<T, std::string>) {
      OutputTexts(name, shape, elements);
    } else {
      OutputBytes(name, DatatypeOf<T>(), shape, elements.data(), elements.size() * sizeof(T));
    }
  }
  void OutputBytes(const char* name, std::int32_t datatype, const Shape& shape, const void* data,
                   std::size_t bytes) const {
    const baton_tensor output = {name, datatype, shape.data(), shape.size(),
                                 data, bytes,    nullptr,      0};
    call_.add_output(call_.server, &output);
  }

 private:
  void OutputTexts(const char* name, const Shape& shape,
                   const std::vector<std::string>& elements) const {
    std::vector<baton_text> texts;
    texts.reserve(elements.size());
    for (const std::string& text : elements) texts.push_back({text.data(), text.size()});
    const baton_tensor output = {name,    BATON_BYTES, shape.data(), shape.size(),
                                 nullptr, 0,           texts.data(), texts.size()};
    call_.add_output(call_.server, &output);
  }

  const baton_tensor* const inputs_;
  const baton_call& call_;
};

// A model. Its constructor takes a `const Config&` and says with AddInput and AddOutput what goes
// in and what comes out.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Answers one request with every output; called by several threads at once.
  virtual void Predict(const Call& call) const = 0;

  const baton_description* Describe() {
    description_ = {inputs_.data(), inputs_.size(), outputs_.data(), outputs_.size()};
    return &description_;
  }

 protected:
  // -1 in a shape: for the request to choose.
  template <typename T>
  void AddInput(std::string name, Shape shape) {
    AddInput(std::move(name), DatatypeOf<T>(), std::move(shape));
  }
  template <typename T>
  void AddOutput(std::string name, Shape shape) {
    AddOutput(std::move(name), DatatypeOf<T>(), std::move(shape));
  }
  void AddInput(std::string name, std::int32_t datatype, Shape shape) {
    inputs_.push_back(Keep(std::move(name), datatype, std::move(shape)));
  }
  void AddOutput(std::string name, std::int32_t datatype, Shape shape) {
    outputs_.push_back(Keep(std::move(name), datatype, std::move(shape)));
  }

 private:
  baton_spec Keep(std::string name, std::int32_t datatype, Shape shape) {
    names_.push_back(std::move(name));
    shapes_.push_back(std::move(shape));
    return {names_.back().c_str(), datatype, shapes_.back().data(), shapes_.back().size()};
  }

  std::deque<std::string> names_;  // deques, because the specs point into them
  std::deque<Shape> shapes_;
  std::vector<baton_spec> inputs_;
  std::vector<baton_spec> outputs_;
  baton_description description_ = {};
};

// The table of a plug-in whose endpoint is a T.
template <typename T>
struct Table {
  static void* Create(const baton_config* config, const baton_call* call) noexcept {
    try {
      return static_cast<Endpoint*>(std::make_unique<T>(Config(*config)).release());
    } catch (const std::exception& error) {
      call->set_error(call->server, error.what());
    } catch (...) {
      call->set_error(call->server, "an exception of unknown type");
    }
    return nullptr;
  }

  static const baton_description* Describe(void* model) noexcept {
    return static_cast<Endpoint*>(model)->Describe();
  }

  static std::int32_t Predict(void* model, const baton_tensor* inputs, std::size_t /*count*/,
                              const baton_call* call) noexcept {
    try {
      static_cast<const Endpoint*>(model)->Predict(Call(inputs, *call));
      return BATON_OK;
    } catch (const Stopped&) {
      return BATON_STOPPED;
    } catch (const BadInput& error) {
      call->set_error(call->server, error.what());
      return BATON_BAD_INPUT;
    } catch (const std::exception& error) {
      call->set_error(call->server, error.what());
    } catch (...) {
      call->set_error(call->server, "an exception of unknown type");
    }
    return BATON_FAILED;
  }

  static void Destroy(void* model) noexcept { delete static_cast<Endpoint*>(model); }
};

}  // namespace baton::plugin

#define BATON_PLUGIN(type)                                                                 \
  extern "C" __attribute__((visibility("default"))) const baton_plugin* baton_plugin_v1(); \
  extern "C" const baton_plugin* baton_plugin_v1() {                                       \
    using BatonTable = ::baton::plugin::Table<type>;                                       \
    static const ::baton_plugin table = {BATON_PLUGIN_VERSION, sizeof(::baton_plugin),     \
                                         &BatonTable::Create,  &BatonTable::Describe,      \
                                         &BatonTable::Predict, &BatonTable::Destroy};      \
    return &table;                                                                         \
  }
