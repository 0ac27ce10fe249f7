warren_fuzz(ip_view LIBRARIES warren_packet)
