warren_fuzz(coalescer LIBRARIES warren_packet)
