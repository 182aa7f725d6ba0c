// The one place that includes XGBoost's header, for the sources of this folder.
//
// The library is opened at run time: only the types of its functions are used.
#pragma once

#include <xgboost/c_api.h>

namespace baton::models {

// XGBoost's functions in the opened library.
struct XgboostApi {
  decltype(&::XGBoostVersion) version = nullptr;
  decltype(&::XGBGetLastError) last_error = nullptr;
  decltype(&::XGBRegisterLogCallback) register_log = nullptr;
  decltype(&::XGBoosterCreate) create = nullptr;
  decltype(&::XGBoosterFree) free = nullptr;
  decltype(&::XGBoosterSetParam) set_parameter = nullptr;
  decltype(&::XGBoosterLoadModelFromBuffer) load = nullptr;
  decltype(&::XGBoosterPredictFromDense) predict = nullptr;
};

}  // namespace baton::models
