#include <cerrno>
#include <system_error>

#include <fmt/core.h>

#include <warren/base/error.hpp>

namespace warren::base {

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

SystemError::SystemError(const std::string& attempted, const std::string& object, int error_number,
                         std::string hint)
    : Error(fmt::format("{}{}{}: {}", attempted, object.empty() ? "" : " ", object,
                        errno_text(error_number)),
            std::move(hint)),
      error_number_(error_number) {}

int check_system_call(int result, const std::string& attempted, const std::string& object,
                      const std::string& hint) {
  if (result < 0) throw SystemError(attempted, object, errno, hint);
  return result;
}

}  // namespace warren::base
