#include <warren/protocol/messages.hpp>

namespace warren::protocol {

std::expected<MessageType, base::Drop> classify(base::ConstBytes datagram) noexcept {
  if (datagram.size() < sizeof(std::uint32_t)) return std::unexpected(base::Drop::in_too_short);
  const auto type = base::load_le<std::uint32_t>(datagram.data());
  bool length_fits = false;
  switch (type) {
    case static_cast<std::uint32_t>(MessageType::initiation):
      length_fits = datagram.size() == sizeof(InitiationMessage);
      break;
    case static_cast<std::uint32_t>(MessageType::response):
      length_fits = datagram.size() == sizeof(ResponseMessage);
      break;
    case static_cast<std::uint32_t>(MessageType::cookie_reply):
      length_fits = datagram.size() == sizeof(CookieReplyMessage);
      break;
    case static_cast<std::uint32_t>(MessageType::data):
      length_fits = datagram.size() >= kMinDataBytes;
      break;
    default:
      return std::unexpected(base::Drop::in_unknown_type);
  }
  if (!length_fits) return std::unexpected(base::Drop::in_bad_length);
  return static_cast<MessageType>(type);
}

}  // namespace warren::protocol
