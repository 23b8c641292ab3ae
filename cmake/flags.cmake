# One INTERFACE target carries every flag; -Werror comes from the presets alone.
add_library(composer_flags INTERFACE)
target_compile_features(composer_flags INTERFACE cxx_std_20)
target_include_directories(composer_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
target_compile_definitions(composer_flags INTERFACE _FILE_OFFSET_BITS=64)
target_compile_options(composer_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Wformat=2 -Wundef -Wno-missing-field-initializers)
target_link_libraries(composer_flags INTERFACE fmt::fmt Threads::Threads)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# add_composer_library(folder sources... LINK libraries...): one static library per folder.
function(add_composer_library folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(composer_${folder} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(composer_${folder} PUBLIC composer_flags ${ARG_LINK})
endfunction()
