# Writes OUTPUT, a C++ source of NAMESPACE with the bytes of each of FILES under its name, less what
# the regular expression SUFFIX finds at its end. HEADER declares what it defines:
#   LOOKUP=name            std::string_view name(std::string_view file): the bytes, empty for no such file
#   LIST=name STRUCT=type  std::span<const type> name(): all of them, a type being {name, bytes}
set(rows "")
set(arrays "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  if(SUFFIX)
    string(REGEX REPLACE "${SUFFIX}$" "" name ${name})
  endif()
  file(READ ${file} hex HEX)
  string(REPEAT "[0-9a-f]" 48 line_of_bytes)
  string(REGEX REPLACE "(${line_of_bytes})" "\\1\n    " hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char k_${number}[] = {\n    ${bytes}};\n")
  string(APPEND rows "    {\"${name}\", std::string_view(k_${number}, sizeof(k_${number}))},\n")
  math(EXPR number "${number} + 1")
endforeach()
if(LOOKUP)
  set(row_type "struct Embedded {\n  std::string_view name;\n  std::string_view text;\n};\n")
  set(STRUCT Embedded)
  set(function "std::string_view ${LOOKUP}(std::string_view name) {
  for (const Embedded& one : kFiles) {
    if (one.name == name) return one.text;
  }
  return {};
}")
else()
  set(row_type "")
  set(function "std::span<const ${STRUCT}> ${LIST}() { return kFiles; }")
endif()
file(WRITE ${OUTPUT}
"// Generated at build time: files of the project.
#include \"${HEADER}\"

#include <span>
#include <string_view>

namespace ${NAMESPACE} {
namespace {

${arrays}
${row_type}constexpr ${STRUCT} kFiles[] = {
${rows}};

}  // namespace

${function}

}  // namespace ${NAMESPACE}
")
