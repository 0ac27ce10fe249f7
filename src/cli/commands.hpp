// The commands of `warren`, one file each. A command is a function that adds its subcommand to the
// application; what it does is the subcommand's callback, which reports failure by throwing.
#pragma once

#include <warren/base/error.hpp>

namespace CLI {
class App;
}

namespace warren::cli {

/// What the process returns. Scripts rely on these: docs/man/warren.1 lists them.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,  ///< the command ran and did not succeed
  kExitUsage = 2,    ///< the command line or a configuration is wrong
  kExitSystem = 3,   ///< the machine could not provide something (a SystemError)
  kExitSkipped = 4,  ///< nothing could run and all was skipped (lab test)
};

/// The command line or its input is wrong: ends with kExitUsage.
class UsageError : public base::Error {
 public:
  using base::Error::Error;
};

/// What `read` returns. A file that cannot be read is a wrong argument here, not the machine's
/// fault.
template <class Read>
auto read_argument(Read read) {
  try {
    return read();
  } catch (const base::SystemError& error) {
    throw UsageError(error.what(), error.hint());
  }
}

// Each adds one subcommand to `app`. A command that ends without an exception but not with success
// (nothing to show, a check that found something) stores its code in `exit_code`, which outlives
// the callback.
void register_up(CLI::App& app, int& exit_code);
void register_down(CLI::App& app, int& exit_code);
void register_reload(CLI::App& app, int& exit_code);
void register_status(CLI::App& app, int& exit_code);
void register_doctor(CLI::App& app, int& exit_code);
void register_check(CLI::App& app, int& exit_code);
void register_genkey(CLI::App& app, int& exit_code);
void register_pubkey(CLI::App& app, int& exit_code);
void register_genpsk(CLI::App& app, int& exit_code);
void register_import(CLI::App& app, int& exit_code);
void register_lab(CLI::App& app, int& exit_code);

/// What the program does when it is called `warren-wg`: a drop-in for wireguard-go. Returns the
/// exit code; throws base::Error.
int run_warren_wg(int argc, char** argv);

}  // namespace warren::cli
