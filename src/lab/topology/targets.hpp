// What an expectation means by "bob", "bob@wr0", "bob/6", "10.0.0.7".
#pragma once

#include <string_view>

#include "draft.hpp"
#include "reach.hpp"

namespace warren::lab {

class Targets {
 public:
  /// Borrows the draft, whose addresses and tunnels are complete.
  explicit Targets(const Draft& draft) : draft_(draft), reach_(draft.topology) {}

  /// The keys `to` and `family`. Complains where there is no such address.
  Target read(const Fields& fields, NodeId from);
  /// The address that `gateway` has in a network of `node`.
  [[nodiscard]] std::optional<base::IpAddress> neighbour(NodeId node, NodeId gateway,
                                                         base::Family family) const;

 private:
  struct Candidate {
    base::IpAddress address;
    bool in_tunnel = false;
  };

  [[nodiscard]] std::vector<Candidate> candidates(NodeId node, std::string_view interface) const;
  [[nodiscard]] std::optional<NodeId> owner_of(const base::IpAddress& address) const;
  base::IpAddress best(const std::vector<Candidate>& candidates, NodeId from);
  void check_interface(NodeId node, std::string_view interface, config::Position at) const;

  const Draft& draft_;
  Reach reach_;
};

}  // namespace warren::lab
