warren_test(test_packet_tap
  SOURCES packet_tap_test.cpp
  LIBRARIES warren_system
  LABELS platform)
