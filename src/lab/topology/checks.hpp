// The checks of an expectation, one function for each.
#pragma once

#include "draft.hpp"
#include "targets.hpp"

namespace warren::lab {

class Checks {
 public:
  Checks(Draft& draft, Targets& targets) : draft_(draft), targets_(targets) {}

  Check ping(const Fields& fields);
  Check rtt(const Fields& fields);
  Check tcp(const Fields& fields);
  Check udp(const Fields& fields);
  Check loss(const Fields& fields);
  Check run(const Fields& fields);
  Check no_plaintext(const Fields& fields);
  Check route(const Fields& fields);
  Check handshake(const Fields& fields);
  Check counters(const Fields& fields);
  Check file(const Fields& fields);

 private:
  /// A target that can run a receiver.
  Target read_receiver(const Fields& fields, NodeId from);
  [[nodiscard]] std::optional<Bound> read_rate(const Fields& fields, std::string_view key) const;
  void read_matches(const Fields& fields, std::string_view key,
                    std::optional<std::string>& pattern) const;
  void check_interface(const Fields& fields, std::string_view key, NodeId node,
                       const std::string& name) const;
  /// Refuses all but one of the keys; `why`: what two of them do, "say the same".
  void only_one_of(const Fields& fields, std::initializer_list<std::string_view> keys,
                   std::string_view why) const;
  /// How long to send; `amount` is the key that says how much instead.
  void read_duration(const Fields& fields, std::string_view amount, base::Duration& duration) const;
  [[nodiscard]] std::map<std::string, Bound> read_values(const Fields& fields, bool of_link) const;

  Draft& draft_;
  Targets& targets_;
};

}  // namespace warren::lab
