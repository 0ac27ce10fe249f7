warren_fuzz(segmenter LIBRARIES warren_packet)
