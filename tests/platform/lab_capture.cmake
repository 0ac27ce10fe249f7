warren_test(test_lab_capture
  SOURCES lab_capture_test.cpp
  LIBRARIES warren_lab_report
  LABELS platform)
