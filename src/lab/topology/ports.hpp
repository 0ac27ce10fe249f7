// The ports at which the receivers of measurements listen.
#pragma once

#include <span>

#include <warren/lab/topology.hpp>

#include "fields.hpp"

namespace warren::lab {

/// Of expectations that run at the same time each that wrote no port gets one of its own; written
/// ones that two receivers would have to share are refused. `checks`: their tables, in order.
void give_ports(std::span<Expectation> group, std::span<const Fields> checks);

}  // namespace warren::lab
