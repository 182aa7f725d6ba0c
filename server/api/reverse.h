// POST /reverse: a JSON object comes back with its string values reversed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/api/json.h"
#include "server/serve/handler.h"

namespace baton::api {

// {"data": ["abc", "héllo"]} becomes {"data":["cba","olléh"]}: every string value, however deep,
// reversed by Unicode code points. Keys and all other values stay as they were written, space
// between them goes. Errors: kInvalidArgument for a body that is no JSON object.
std::unique_ptr<serve::Handler> MakeReverseHandler(std::size_t json_depth = kUsualJsonDepth);

// The rewriting itself, into `buffer`, which may hold anything. Requires: `json` is a valid JSON
// document.
std::string ReverseStrings(std::string_view json, std::string buffer = {});

}  // namespace baton::api
