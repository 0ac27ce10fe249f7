# What is shipped is built without sanitizers.
if(NOT WARREN_SANITIZE)
  add_test(NAME "platform: the Debian package" COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package.sh ${PROJECT_BINARY_DIR})
  set_tests_properties("platform: the Debian package" PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120 LABELS platform)
endif()
