# Not a test: prints a table (tests/bench/image.cc says how to run it).
add_executable(bench_image ${CMAKE_CURRENT_LIST_DIR}/image.cc)
target_link_libraries(bench_image PRIVATE composer_image)
set_target_properties(bench_image PROPERTIES EXCLUDE_FROM_ALL ON)
