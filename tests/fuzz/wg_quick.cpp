// Any bytes as a wg-quick configuration: what the importer accepts, config::parse accepts too.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/config/model.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace warren;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string toml;
  try {
    toml = config::import_wg_quick(text, "wg0.conf");
  } catch (const base::Error&) {
    return 0;
  }
  try {
    const config::Tunnel tunnel = config::parse(toml, "wg0.toml", false);
    WARREN_ASSERT(tunnel.interface.name == "wg0", "name={}", tunnel.interface.name);
  } catch (const base::Error& error) {
    WARREN_ASSERT(false, "the imported text does not parse: {}\n{}", error.what(), toml);
  }
  return 0;
}
