# Writes OUTPUT, a C++ source with the bytes of each of FILES (<name>.sample.json) under its name.
set(rows "")
set(arrays "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "\\.sample\\.json$" "" name ${name})
  file(READ ${file} hex HEX)
  string(REPEAT "[0-9a-f]" 24 twelve_bytes)
  string(REGEX REPLACE "(${twelve_bytes})" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char k_${name}[] = {\n    ${bytes}};\n")
  string(APPEND rows "    {\"${name}\", std::string_view(k_${name}, sizeof(k_${name}))},\n")
endforeach()
file(WRITE ${OUTPUT}
"// Generated at build time: the sample requests of the bundled models.
#include <span>

#include \"client/lib/samples.h\"

namespace baton::client {
namespace {

${arrays}
constexpr Sample kSamples[] = {
${rows}};

}  // namespace

std::span<const Sample> AllSamples() { return kSamples; }

}  // namespace baton::client
")
