// warren genkey, pubkey, genpsk: the same input and output as wg's commands of these names.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/crypto/keys.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

constexpr std::string_view kWhitespace = " \t\r\n\v\f";
constexpr std::size_t kBase64Characters = 44;

/// A secret that lands in a file which others may read is worth a word. Pipes and terminals are
/// not.
void warn_if_others_can_read_stdout() {
  struct stat status {};
  if (fstat(STDOUT_FILENO, &status) != 0) return;
  if (!S_ISREG(status.st_mode) || (status.st_mode & S_IRWXO) == 0) return;
  fmt::print(stderr,
             "Warning: writing to world accessible file.\n"
             "Consider setting the umask to 077 and trying again.\n");
}

void print_key(std::string key) {
  key += '\n';
  const bool written =
      std::fwrite(key.data(), 1, key.size(), stdout) == key.size() && std::fflush(stdout) == 0;
  const int error = errno;
  crypto::wipe(std::as_writable_bytes(std::span(key)));
  if (!written) throw base::SystemError("write the key to", "standard output", error);
}

/// Standard input, whole, as long as it can be a key with white space behind it.
std::string read_stdin() {
  std::array<char, 4096> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count = read(STDIN_FILENO, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    base::check_system_call(static_cast<int>(count), "read the key from", "standard input");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  std::string text(buffer.data(), size);
  crypto::wipe(std::as_writable_bytes(std::span(buffer)));
  return text;
}

void genkey() {
  warn_if_others_can_read_stdout();
  print_key(crypto::generate_secret_key(crypto::system_random()).reveal_base64());
}

void genpsk() {
  warn_if_others_can_read_stdout();
  print_key(crypto::generate_preshared_key(crypto::system_random()).reveal_base64());
}

void pubkey() {
  std::string text = read_stdin();
  const std::size_t begin = text.find_first_not_of(kWhitespace);
  std::optional<crypto::SecretKey> key;
  bool trailing = false;
  if (begin == 0) {
    key = crypto::SecretKey::from_base64(std::string_view(text).substr(0, kBase64Characters));
    trailing = text.find_first_not_of(kWhitespace, kBase64Characters) != std::string::npos;
  }
  crypto::wipe(std::as_writable_bytes(std::span(text)));
  if (begin == std::string::npos) {
    throw UsageError("no private key on standard input", "warren genkey | warren pubkey");
  }
  if (!key) throw UsageError("Key is not the correct length or format");
  if (trailing) throw UsageError("Trailing characters found after key");
  print_key(crypto::public_key_of(*key).to_base64());
}

}  // namespace

void register_genkey(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("genkey", "Print a new private key");
  command->footer("Example:\n  umask 077; warren genkey | tee wr0.key | warren pubkey");
  command->callback(genkey);
}

void register_pubkey(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("pubkey", "Read a private key from standard input, print its public key");
  command->footer("Example:\n  warren pubkey < wr0.key");
  command->callback(pubkey);
}

void register_genpsk(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("genpsk", "Print a new preshared key");
  command->footer("Example:\n  umask 077; warren genpsk > alice-bob.psk");
  command->callback(genpsk);
}

}  // namespace warren::cli
