# add_layer(name DEPENDS <layers> [LIBRARIES <third-party targets>])
#
# One static library per folder of src/, and one test binary from its *_test.cc files. Sources are
# found by name: a file that exists is built. A folder without sources becomes an INTERFACE library.
# The third-party libraries are private: only the folder that owns a seam sees its headers.
function(add_layer name)
  cmake_parse_arguments(LAYER "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz|conformance)\\.cc$")
  set(depends base ${LAYER_DEPENDS})
  list(REMOVE_ITEM depends ${name})

  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${depends} PRIVATE ${LAYER_LIBRARIES})
    if(headers)
      target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src
                     FILES ${headers})
    endif()
    penstock_warnings(${name})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} INTERFACE ${depends})
  endif()

  if(PENSTOCK_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${LAYER_LIBRARIES} GTest::gmock
                          GTest::gtest_main)
    penstock_warnings(${name}_test)
    add_test(NAME ${name}_test COMMAND ${name}_test)
  endif()
endfunction()

function(penstock_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow
                         -Wnon-virtual-dtor -Wold-style-cast)
  # g++ 12 sees uninitialised members in variants and optionals that hold another alternative.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
  if(PENSTOCK_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
