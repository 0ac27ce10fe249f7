#include "readiness.hpp"

#include <sys/wait.h>

#include <fstream>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/lab/pattern.hpp>

#include "command.hpp"
#include "node_files.hpp"

namespace warren::lab {
namespace {

class Started : public Condition {
 public:
  bool is_met() override { return true; }
};

class Listening : public Condition {
 public:
  Listening(int netns, ListenTable::Protocol protocol, std::uint16_t port)
      : table_(netns, protocol), port_(port) {}
  bool is_met() override { return table_.has(port_); }

 private:
  ListenTable table_;
  std::uint16_t port_;
};

/// Looks at each line once, when it is complete or the last one.
class Logged : public Condition {
 public:
  Logged(std::filesystem::path log, const std::string& pattern)
      : log_(std::move(log)), pattern_(pattern) {}
  bool is_met() override {
    std::ifstream in(log_);
    in.seekg(static_cast<std::streamoff>(read_));
    std::string line;
    while (std::getline(in, line)) {
      if (pattern_.finds(line)) return true;
      if (!in.eof()) read_ += line.size() + 1;
    }
    return false;
  }

 private:
  std::filesystem::path log_;
  Pattern pattern_;
  std::size_t read_ = 0;
};

class FileExists : public Condition {
 public:
  FileExists(const World& world, NodeId node, std::filesystem::path path)
      : world_(world), node_(node), path_(std::move(path)) {}
  bool is_met() override {
    try {
      return exists_in_node(world_, node_, path_);
    } catch (const base::SystemError&) {
      return false;  // the program may still be about to make it reachable
    }
  }

 private:
  const World& world_;
  NodeId node_;
  std::filesystem::path path_;
};

class CommandSucceeds : public Condition {
 public:
  CommandSucceeds(World& world, NodeId node, std::string command, base::Duration within,
                  const Stop& stop)
      : world_(world),
        node_(node),
        command_(std::move(command)),
        deadline_(system::boot_now() + within),
        stop_(stop) {}
  bool is_met() override {
    const auto outcome = run_command(world_, node_, {command_}, deadline_, stop_);
    return outcome.status && WIFEXITED(*outcome.status) && WEXITSTATUS(*outcome.status) == 0;
  }

 private:
  World& world_;
  NodeId node_;
  std::string command_;
  base::Instant deadline_;
  const Stop& stop_;
};

}  // namespace

std::unique_ptr<Condition> make_condition(World& world, NodeId node, const Readiness& ready,
                                          const std::filesystem::path& log, const Stop& stop) {
  switch (ready.kind) {
    case Readiness::Kind::started:
      return std::make_unique<Started>();
    case Readiness::Kind::tcp:
      return std::make_unique<Listening>(world.netns(node), ListenTable::Protocol::tcp, ready.port);
    case Readiness::Kind::udp:
      return std::make_unique<Listening>(world.netns(node), ListenTable::Protocol::udp, ready.port);
    case Readiness::Kind::log:
      return std::make_unique<Logged>(log, ready.text);
    case Readiness::Kind::file:
      return std::make_unique<FileExists>(world, node, ready.text);
    case Readiness::Kind::command:
      return std::make_unique<CommandSucceeds>(world, node, ready.text, ready.within, stop);
  }
  return {};
}

}  // namespace warren::lab
