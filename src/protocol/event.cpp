#include <array>

#include <warren/protocol/event.hpp>

namespace warren::protocol {

namespace {
struct Text {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<Text, kHandshakeFailureCount> kTexts{{
#define WARREN_TEXT(name, text) {#name, text},
    WARREN_HANDSHAKE_FAILURES(WARREN_TEXT)
#undef WARREN_TEXT
}};
}  // namespace

std::string_view failure_name(HandshakeFailure failure) noexcept {
  return kTexts[static_cast<std::size_t>(failure)].name;
}
std::string_view failure_text(HandshakeFailure failure) noexcept {
  return kTexts[static_cast<std::size_t>(failure)].text;
}

}  // namespace warren::protocol
