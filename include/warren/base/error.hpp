// The one base of the exceptions for setup and configuration. Caught once, in main. Packets never
// throw: see drop.hpp.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace warren::base {

class Error : public std::runtime_error {
 public:
  /// `what`: what was attempted and on which object, and why it failed. `hint`: the remedy, may be
  /// empty.
  explicit Error(const std::string& what, std::string hint = {})
      : std::runtime_error(what), hint_(std::move(hint)) {}
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  std::string hint_;
};

/// A system call that failed: "<attempted> <object>: <text of errno>".
class SystemError : public Error {
 public:
  SystemError(const std::string& attempted, const std::string& object, int error_number,
              std::string hint = {});
  /// For a message that explains the errno itself: `message` as it is.
  SystemError(const std::string& message, int error_number, std::string hint)
      : Error(message, std::move(hint)), error_number_(error_number) {}
  [[nodiscard]] int error_number() const noexcept { return error_number_; }

 private:
  int error_number_;
};

/// Returns `result` if it is not negative, else throws SystemError with the current errno.
int check_system_call(int result, const std::string& attempted, const std::string& object,
                      const std::string& hint = {});

/// The text of an errno value, thread-safe: "No such file or directory".
std::string errno_text(int error_number);

}  // namespace warren::base
