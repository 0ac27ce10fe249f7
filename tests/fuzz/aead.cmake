warren_fuzz(aead LIBRARIES warren_crypto)
