# What the project is built on. Everything comes from the system or from the build folder's deps/, where
# scripts/install-dependencies puts what Debian 12 does not have; nothing is downloaded here.

set(BATON_DEPS_DIR ${PROJECT_SOURCE_DIR}/build/deps CACHE PATH "Where fetched dependencies are unpacked")

function(baton_missing what how)
  message(FATAL_ERROR "${what} was not found. ${how}")
endfunction()
set(how_system "Install it with: scripts/install-dependencies")

find_package(Threads REQUIRED)
foreach(package tl-expected spdlog fmt TBB prometheus-cpp simdjson yaml-cpp CLI11 ZLIB OpenSSL)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    baton_missing("The CMake package ${package}" "${how_system}")
  endif()
endforeach()

find_package(CURL 7.85 QUIET)
if(NOT CURL_FOUND)
  baton_missing("libcurl (7.85 or later)" "${how_system}")
endif()
# libseccomp has no CMake package.
find_path(SECCOMP_INCLUDE_DIR seccomp.h)
find_library(SECCOMP_LIBRARY seccomp)
if(NOT SECCOMP_INCLUDE_DIR OR NOT SECCOMP_LIBRARY)
  baton_missing("libseccomp (2.5 or later)" "${how_system}")
endif()
add_library(baton_seccomp INTERFACE)
target_include_directories(baton_seccomp SYSTEM INTERFACE ${SECCOMP_INCLUDE_DIR})
target_link_libraries(baton_seccomp INTERFACE ${SECCOMP_LIBRARY})

# llhttp: the system's where there is one, else compiled from the four C files of the fetched source package.
find_package(llhttp QUIET)
if(llhttp_FOUND)
  add_library(baton_llhttp INTERFACE)
  target_link_libraries(baton_llhttp INTERFACE
    $<IF:$<TARGET_EXISTS:llhttp::llhttp_shared>,llhttp::llhttp_shared,llhttp::llhttp_static>)
  add_library(baton::llhttp ALIAS baton_llhttp)
else()
  file(GLOB_RECURSE llhttp_sources ${BATON_DEPS_DIR}/llhttp/*.c)
  list(FILTER llhttp_sources INCLUDE REGEX "/(api|http|llhttp)\\.c$")
  file(GLOB_RECURSE llhttp_header ${BATON_DEPS_DIR}/llhttp/*llhttp.h)
  if(NOT llhttp_header)
    baton_missing("llhttp" "${how_system}")
  endif()
  list(GET llhttp_header 0 llhttp_header)
  get_filename_component(llhttp_include ${llhttp_header} DIRECTORY)
  add_library(baton_llhttp STATIC ${llhttp_sources})
  add_library(baton::llhttp ALIAS baton_llhttp)
  target_include_directories(baton_llhttp SYSTEM PUBLIC ${llhttp_include})
endif()

# ONNX Runtime: only its headers; the library is opened at run time.
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h
  HINTS ${ONNXRUNTIME_ROOT}/include ${BATON_DEPS_DIR}/onnxruntime/include
  PATH_SUFFIXES onnxruntime onnxruntime/core/session)
if(NOT ONNXRUNTIME_INCLUDE_DIR)
  baton_missing("onnxruntime_cxx_api.h (ONNX Runtime 1.21 or later)"
    "${how_system}, or configure with -DONNXRUNTIME_ROOT=<prefix>")
endif()
add_library(baton_onnxruntime_headers INTERFACE)
target_include_directories(baton_onnxruntime_headers SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})

# XGBoost: likewise.
find_path(XGBOOST_INCLUDE_DIR xgboost/c_api.h)
if(NOT XGBOOST_INCLUDE_DIR)
  baton_missing("xgboost/c_api.h (XGBoost 1.7)" "${how_system}")
endif()
add_library(baton_xgboost_headers INTERFACE)
target_include_directories(baton_xgboost_headers SYSTEM INTERFACE ${XGBOOST_INCLUDE_DIR})

# ONNX Runtime's library is looked for in lib beside the programs' folder, here as in an installed tree; for the
# test programs, that is lib in the preset's build folder.
if(EXISTS ${BATON_DEPS_DIR}/onnxruntime/lib/libonnxruntime.so.1)
  foreach(folder ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/../lib ${PROJECT_BINARY_DIR}/lib)
    cmake_path(NORMAL_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    file(CREATE_LINK ${BATON_DEPS_DIR}/onnxruntime/lib/libonnxruntime.so.1 ${folder}/libonnxruntime.so.1
      SYMBOLIC)
  endforeach()
endif()

if(BATON_WITH_GRPC)
  foreach(package Protobuf gRPC)
    find_package(${package} QUIET)
    if(NOT ${package}_FOUND)
      baton_missing("The CMake package ${package}" "${how_system}")
    endif()
  endforeach()
endif()
if(BATON_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
