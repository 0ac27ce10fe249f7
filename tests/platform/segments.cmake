warren_test(test_segments
  SOURCES segments_test.cpp
  LIBRARIES warren_packet warren_system
  LABELS platform)
