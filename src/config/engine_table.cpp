#include "engine_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <warren/crypto/aead.hpp>

#include "limits.hpp"

namespace warren::config {
namespace {

template <class Enum>
struct Word {
  std::string_view text;
  Enum value;
};

constexpr std::array kTunOffloads = {
    Word{"auto", TunOffload::automatic},
    Word{"tso", TunOffload::tso},
    Word{"none", TunOffload::none},
};
constexpr std::array kUdpOffloads = {
    Word{"auto", UdpOffload::automatic},
    Word{"gso", UdpOffload::gso},
    Word{"gro", UdpOffload::gro},
    Word{"none", UdpOffload::none},
};
constexpr std::array kScheduling = {
    Word{"auto", Scheduling::automatic},
    Word{"ordinary", Scheduling::ordinary},
};
using AnyBackend = std::optional<crypto::AeadBackend>;
const std::array kBackends = {
    Word{"auto", AnyBackend{}},
    Word{crypto::backend_name(crypto::AeadBackend::ipsec_mb),
         AnyBackend{crypto::AeadBackend::ipsec_mb}},
    Word{crypto::backend_name(crypto::AeadBackend::libsodium),
         AnyBackend{crypto::AeadBackend::libsodium}},
};

/// "\"a\", \"b\" or \"c\"".
std::string enumerate(const auto& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += &word == &words.back() ? " or " : ", ";
    text += fmt::format("\"{}\"", word.text);
  }
  return text;
}

template <class Words>
auto read_word(const Source& source, const Entry& entry, const Words& words) {
  const auto& text = *entry.value.get_if<std::string>();
  const auto found = std::ranges::find(words, std::string_view(text), &Words::value_type::text);
  if (found == words.end()) {
    source.fail(entry.value.at, fmt::format("`{}` is {}", entry.key, enumerate(words)));
  }
  return found->value;
}

void check_backend(const Source& source, const Entry& entry, AnyBackend backend,
                   crypto::Cipher cipher, std::span<const crypto::AeadBackend> available) {
  if (!backend) return;
  if (std::ranges::find(available, *backend) != available.end()) return;
  const std::string instead =
      available.empty()
          ? "nothing here can run that cipher"
          : fmt::format("\"auto\" takes {} here", crypto::backend_name(available.front()));
  source.fail(entry.value.at,
              fmt::format("`{}`: this build or this CPU cannot run {} for {}", entry.key,
                          crypto::backend_name(*backend), crypto::cipher_name(cipher)),
              instead + "; `warren doctor` says what there is");
}

std::uint32_t read_busy_poll(const Source& source, const Entry& entry) {
  const std::int64_t value = *entry.value.get_if<std::int64_t>();
  if (value < 0 || value > kMaxBusyPollUs) {
    source.fail(entry.value.at, fmt::format("`{}` is {}, which is not from 0 to {}", entry.key,
                                            value, kMaxBusyPollUs));
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace

EngineSettings read_engine(const Source& source, const Table& table, crypto::Cipher cipher,
                           std::span<const crypto::AeadBackend> available) {
  EngineSettings settings;
  if (const Entry* offload = table.find("tun_offload")) {
    settings.tun_offload = read_word(source, *offload, kTunOffloads);
  }
  if (const Entry* offload = table.find("udp_offload")) {
    settings.udp_offload = read_word(source, *offload, kUdpOffloads);
  }
  if (const Entry* zero_copy = table.find("zero_copy")) {
    settings.zero_copy = *zero_copy->value.get_if<bool>();
  }
  if (const Entry* aead = table.find("aead")) {
    settings.aead = read_word(source, *aead, kBackends);
    check_backend(source, *aead, settings.aead, cipher, available);
  }
  if (const Entry* busy_poll = table.find("busy_poll_us")) {
    settings.busy_poll_us = read_busy_poll(source, *busy_poll);
  }
  if (const Entry* scheduling = table.find("scheduling")) {
    settings.scheduling = read_word(source, *scheduling, kScheduling);
  }
  return settings;
}

}  // namespace warren::config
