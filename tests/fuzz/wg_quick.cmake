warren_fuzz(wg_quick LIBRARIES warren_config)
