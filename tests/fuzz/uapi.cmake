warren_fuzz(uapi LIBRARIES warren_control fmt::fmt)
