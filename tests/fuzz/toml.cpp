// Any bytes as a configuration: they parse, or they throw base::Error, and nothing else happens.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/config/model.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace warren;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const config::Tunnel tunnel = config::parse(text, "fuzz.toml", false);
    WARREN_ASSERT(!tunnel.interface.name.empty(), "an accepted interface has no name");
    for (const config::Peer& peer : tunnel.peers) {
      WARREN_ASSERT(!peer.public_key.is_zero(), "an accepted peer has no key");
    }
  } catch (const base::Error& error) {
    const std::string_view what = error.what();
    WARREN_ASSERT(what.starts_with("fuzz.toml:"), "{}", what);
    WARREN_ASSERT(what.find('\0') == what.npos && what.find('\x1b') == what.npos, "{}", what);
  }
  return 0;
}
