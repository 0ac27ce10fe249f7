warren_test(test_uring
  SOURCES uring_tun_test.cpp uring_udp_test.cpp
  LIBRARIES warren_system PkgConfig::liburing
  LABELS platform)
