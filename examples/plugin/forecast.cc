// A prediction endpoint as a plug-in: what comes next in each row, by exponential smoothing.
#include <vector>

#include "baton_plugin.hpp"

namespace plugin = baton::plugin;

class Forecast final : public plugin::Endpoint {
 public:
  explicit Forecast(const plugin::Config& config) : alpha_(config.Number("alpha", 0.5)) {
    if (!(alpha_ > 0 && alpha_ <= 1)) throw std::runtime_error("alpha: expected above 0, up to 1");
    AddInput<float>("series", {-1, -1});
    AddOutput<float>("next", {-1});
  }

  void Predict(const plugin::Call& call) const override {
    const plugin::Tensor series = call.Input(0);
    const auto rows = series.shape()[0];
    const auto length = static_cast<std::size_t>(series.shape()[1]);
    if (length == 0) throw plugin::BadInput("series: expected at least one value a row");
    std::vector<float> next;
    for (auto values = series.As<float>(); !values.empty(); values = values.subspan(length)) {
      double level = values[0];
      for (const float value : values.first(length)) level += alpha_ * (value - level);
      next.push_back(static_cast<float>(level));
    }
    call.Output("next", {rows}, next);
  }

 private:
  const double alpha_;
};

BATON_PLUGIN(Forecast)
