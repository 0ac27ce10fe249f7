#include <warren/base/drop.hpp>

namespace warren::base {
namespace {

struct Text {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Text, kDropCount> kTexts{{
#define WARREN_DROP_TEXT(name, text) {#name, text},
    WARREN_DROPS(WARREN_DROP_TEXT)
#undef WARREN_DROP_TEXT
}};

}  // namespace

std::string_view drop_name(Drop drop) noexcept {
  return kTexts[static_cast<std::size_t>(drop)].name;
}

std::string_view drop_text(Drop drop) noexcept {
  return kTexts[static_cast<std::size_t>(drop)].text;
}

}  // namespace warren::base
