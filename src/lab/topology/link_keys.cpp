// The table of keys: links, what is done to them, and events.
#include <array>
#include <string_view>

#include "key_tables.hpp"
#include "limits.hpp"

namespace warren::lab {
namespace {

using enum Format;

constexpr std::array<std::string_view, 3> kDistributions = {"uniform", "normal", "pareto"};
constexpr std::array<std::string_view, 2> kLossModels = {"bernoulli", "gilbert"};
constexpr std::array<std::string_view, 2> kDisciplines = {"fifo", "codel"};
constexpr std::array<std::string_view, 1> kAuto = {"auto"};

constexpr std::array kJitter = {
    needed(Key{
        "amount", kText, duration,
        "uniform: half of the width around the delay; normal and pareto: the standard deviation",
        "\"8ms\""}),
    one_of(Key{"distribution", kText, text, "how the added delay is spread; \"uniform\" by default",
               "\"normal\""},
           kDistributions),
};
constexpr Keys kJitterKeys{kJitter};

constexpr std::array kLoss = {
    one_of(Key{"model", kText, text,
               "\"bernoulli\": each packet on its own; \"gilbert\": bursts (Gilbert-Elliott)",
               "\"gilbert\""},
           kLossModels),
    needed(Key{"p", kText, share,
               "bernoulli: of the packets; gilbert: from the good to the bad state, per packet",
               "\"1%\""}),
    Key{"r", kText, share, "gilbert: from the bad to the good state, per packet", "\"30%\""},
    Key{"loss_bad", kText, share, "gilbert: lost in the bad state; \"100%\" by default", "\"90%\""},
    Key{"loss_good", kText, share, "gilbert: lost in the good state; \"0%\" by default",
        "\"0.1%\""},
};
constexpr Keys kLossKeys{kLoss};

constexpr std::array kReorder = {
    needed(Key{"p", kText, share, "of the packets overtake those before them", "\"5%\""}),
    Key{"ahead", kText, duration,
        "how much earlier such a packet arrives; the whole delay by default", "\"10ms\""},
};
constexpr Keys kReorderKeys{kReorder};

constexpr std::array kQueue = {
    one_of(Key{"discipline", kText, text, "\"fifo\" or \"codel\" (RFC 8289)", "\"codel\""},
           kDisciplines),
    from_to(
        one_of(Key{"bytes", kTextOrInteger, size,
                   "capacity; \"auto\" is rate x (delay + jitter), at least 64 KiB", "\"64KiB\""},
               kAuto),
        1, kMaxQueueBytes),
    Key{"target", kText, duration, "codel: the wait that is acceptable; \"5ms\" by default",
        "\"5ms\""},
    Key{"interval", kText, duration, "codel: for how long it may be exceeded; \"100ms\" by default",
        "\"100ms\""},
};
constexpr Keys kQueueKeys{kQueue};

constexpr Key kUp = Key{"up", kBoolean, text, "false: the link is down in this direction", "false"};
constexpr Key kDelay = Key{"delay", kText, duration, "added to the way of each packet", "\"35ms\""};
constexpr Key kJitterKey =
    with(Key{"jitter", kTextOrTable, duration,
             "variation of the delay; the order of the packets is kept", "\"8ms\""},
         kJitterKeys);
constexpr Key kLossKey =
    with(Key{"loss", kTextOrTable, share, "packets that vanish", "\"1%\""}, kLossKeys);
constexpr Key kDuplicate = Key{"duplicate", kText, share, "packets that arrive twice", "\"0.1%\""};
constexpr Key kReorderKey =
    with(Key{"reorder", kTextOrTable, share, "packets that overtake those before them", "\"5%\""},
         kReorderKeys);
constexpr Key kCorrupt =
    Key{"corrupt", kText, share, "packets in which one bit is flipped", "\"0.01%\""};
constexpr Key kRate = Key{"rate", kText, rate_or_none,
                          "bits per second of frames; \"none\" for no bound", "\"20Mbit\""};
constexpr Key kTrace =
    Key{"trace", kText, text, "instead of a rate: a mahimahi trace, a file beside this one",
        "\"traces/lte.down\""};
constexpr Key kQueueKey =
    one_of(with(Key{"queue", kTextOrTable, text, "what waits in front of the rate", "\"codel\""},
                kQueueKeys),
           kDisciplines);
constexpr Key kDrop = Key{"drop", kTextOrList, selector,
                          "exactly these packets of each flow: kind#number", "[\"udp#3\"]"};
constexpr Key kLimitMtu =
    from_to(Key{"mtu", kInteger, text,
                "larger packets vanish on the wire without a word (a black hole)", "1400"},
            kMinMtu, kMaxMtu);

constexpr std::array kImpairment = {kUp,        kDelay,      kJitterKey, kLossKey,
                                    kDuplicate, kReorderKey, kCorrupt,   kRate,
                                    kTrace,     kQueueKey,   kDrop,      kLimitMtu};
constexpr Keys kImpairmentKeys{kImpairment};

constexpr Key kProfile =
    Key{"profile", kText, profile, "the [profile.…] that these keys add to", "\"lte\""};
constexpr std::array kDirection = {kProfile,   kUp,         kDelay,   kJitterKey, kLossKey,
                                   kDuplicate, kReorderKey, kCorrupt, kRate,      kTrace,
                                   kQueueKey,  kDrop,       kLimitMtu};
constexpr Keys kDirectionKeys{kDirection};

constexpr Key kAnyProfile =
    with(Key{"*", kTable, text, "one direction of a link, to be named by links"}, kImpairmentKeys);

// ---- link --------------------------------------------------------------------------------------

constexpr Key kEnds =
    needed(Key{"ends", kTextList, node_end,
               "two nodes, each with its interface if it matters: \"node:interface\"",
               "[\"alice:eth0\", \"gate:lan\"]"});
constexpr std::array kLink = {
    Key{"name", kText, name, "what it is called; \"alice-gate\" by default", "\"wan\""},
    kEnds,
    kProfile,
    kUp,
    kDelay,
    kJitterKey,
    kLossKey,
    kDuplicate,
    kReorderKey,
    kCorrupt,
    kRate,
    kTrace,
    kQueueKey,
    kDrop,
    with(Key{"reverse", kTable, text,
             "the direction from the second end to the first, complete in itself"},
         kDirectionKeys),
    Key{"subnet", kTextOrList, network, "the network of the link's addresses", "\"10.1.0.0/24\""},
    Key{"addresses", kMixedList, interface_address, "one item for each end; \"\" for none",
        "[\"10.1.0.1/24\", \"10.1.0.2/24\"]"},
    from_to(Key{"mtu", kInteger, text, "of the devices at both ends, in bytes; 1500 by default",
                "1280"},
            kMinMtu, kMaxMtu),
    Key{"wired", kBoolean, text,
        "true: carried by Warren's wire although nothing is impaired, so that it is captured",
        "true"},
};

// ---- at ----------------------------------------------------------------------------------------

constexpr std::array kAt = {
    needed(Key{"t", kText, duration, "since the scenario began", "\"2s\""}),
    Key{"link", kText, link, "the link that changes", "\"wan\""},
    with(Key{"set", kTable, text, "what changes; every other setting stays"}, kDirectionKeys),
    with(Key{"reverse", kTable, text,
             "what changes in the other direction; `set` is the first then"},
         kDirectionKeys),
    one_of(Key{"direction", kText, text,
               "of `set`: \"forward\" is from the first end to the second; \"both\" by default",
               "\"forward\""},
           kDirections),
    Key{"node", kText, node, "the node in which something happens", "\"alice\""},
    Key{"run", kTextOrList, text, "a command, which is not waited for", "\"ip neigh flush all\""},
    Key{"program", kText, text, "the program that is meant, by its name in `run`", "\"web\""},
    from_to(
        Key{"signal", kTextOrInteger, signal, "sent to the program and its children", "\"KILL\""},
        1, 64),
    Key{"start", kBoolean, text, "true: the program is started again", "true"},
};

}  // namespace

constexpr Keys kProfiles{{}, &kAnyProfile};
constexpr Keys kLinkKeys{kLink};
constexpr Keys kAtKeys{kAt};

const Keys& impairment_keys() noexcept {
  return kImpairmentKeys;
}

}  // namespace warren::lab
