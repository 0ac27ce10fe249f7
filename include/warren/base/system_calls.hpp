// What the kernel does piece by piece, or leaves off for a signal, done to its end.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace warren::base {

/// Writes all of `text`. False, with errno set, when that fails.
bool write_all(int fd, std::string_view text) noexcept;

/// Appends the whole file to `text`, wherever its offset is. False, with errno set, when that
/// fails; `text` then has what came before.
bool read_whole_file(int fd, std::string& text);

/// Waits for the end of a child of this process and returns its wait status. -1, with errno set,
/// when there is no such child.
int wait_for_child(pid_t child) noexcept;

}  // namespace warren::base
