# Compiler flags for every target, and the three kinds of target: room, program, test.
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

if(BATON_SANITIZE)
  add_compile_options(-fsanitize=${BATON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BATON_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # gcc 12 sees uninitialised members in its own <regex> and <functional> once they are instrumented.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

add_library(baton_warnings INTERFACE)
target_compile_options(baton_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
    -Wold-style-cast -Woverloaded-virtual>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wthread-safety>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${BATON_WERROR}>>:-Werror>)

function(baton_configure_target target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE baton_warnings)
endfunction()

# baton_room(<name> SOURCES <file>... [PUBLIC <lib>...] [PRIVATE <lib>...])
# The library baton_<name>, alias baton::<name>, out of the calling folder.
function(baton_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(baton_${name} STATIC ${ROOM_SOURCES})
  add_library(baton::${name} ALIAS baton_${name})
  baton_configure_target(baton_${name})
  target_link_libraries(baton_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
endfunction()

# baton_program(<file name of the binary> SOURCES <file>... LIBS <lib>...)
function(baton_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  baton_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${PROGRAM_LIBS})
endfunction()

# baton_manual(<program> <section>): its manual page, which the program writes itself.
function(baton_manual program section)
  set(page ${PROJECT_BINARY_DIR}/man/${program}.${section})
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
    COMMAND ${program} manual man > ${page}
    DEPENDS ${program}
    COMMENT "Writing the manual page of ${program}"
    VERBATIM)
  add_custom_target(${program}_manual ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()

# baton_test(<room> <file>... [NAME <name>] [LIBS <lib>...] [LABELS <label>...])
# The test program <name>_test, by default named for the room, out of the calling folder, apart from the programs that
# people run; each TEST in it is one ctest test.
function(baton_test room)
  cmake_parse_arguments(TEST "" "NAME" "LIBS;LABELS" ${ARGN})
  set(name ${room})
  if(TEST_NAME)
    set(name ${TEST_NAME})
  endif()
  add_executable(${name}_test ${TEST_UNPARSED_ARGUMENTS})
  baton_configure_target(${name}_test)
  # What a test says runs once or so: that it compiles in half the time counts for more.
  target_compile_options(${name}_test PRIVATE $<$<CXX_COMPILER_ID:GNU>:-O0 -g1>)
  target_link_libraries(${name}_test PRIVATE baton::${room} ${TEST_LIBS} GTest::gmock_main)
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/test-bin)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 TEST_LIST ${name}_tests
    PROPERTIES TIMEOUT 120)
  # Afterwards, because gtest_discover_tests() takes a list of labels for several properties.
  set(labels_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(WRITE ${labels_file} "if(${name}_tests)
  set_tests_properties(\${${name}_tests} PROPERTIES LABELS \"unit;${TEST_LABELS}\")
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels_file})
endfunction()
