warren_fuzz(toml LIBRARIES warren_config)
