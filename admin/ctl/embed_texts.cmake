# Writes OUTPUT, a C++ source with the bytes of each of FILES under its name: FUNCTION of NAMESPACE, which
# HEADER declares.
set(rows "")
set(arrays "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REPEAT "[0-9a-f]" 48 line_of_bytes)
  string(REGEX REPLACE "(${line_of_bytes})" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char k_${number}[] = {\n    ${bytes}};\n")
  string(APPEND rows "    {\"${name}\", std::string_view(k_${number}, sizeof(k_${number}))},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
"// Generated at build time: texts of the project.
#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {

${arrays}
struct Embedded {
  std::string_view name;
  std::string_view text;
};
constexpr Embedded kTexts[] = {
${rows}};

}  // namespace

std::string_view ${FUNCTION}(std::string_view name) {
  for (const Embedded& one : kTexts) {
    if (one.name == name) return one.text;
  }
  return {};
}

}  // namespace ${NAMESPACE}
")
