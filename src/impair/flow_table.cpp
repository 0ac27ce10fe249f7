#include "flow_table.hpp"

#include <bit>

#include "dice.hpp"

namespace warren::impair {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
}

/// For the buckets only: nothing that is seen depends on it.
std::uint64_t quick_hash(const FlowKey& key) noexcept {
  const auto words = key.words();
  return fold(words[0] ^ 0x9e3779b97f4a7c15U, words[1] ^ 0xd2b74407b1ce6e93U) ^
         fold(words[2] ^ 0xd2e7470ee14c6c93U, words[3] ^ 0xca5a826395121157U) ^
         fold(words[4] ^ 0xbb67ae8584caa73bU, words[5] ^ 0x9e3779b97f4a7c15U);
}

}  // namespace

template <class Value>
LruTable<Value>::LruTable(std::uint32_t capacity) noexcept
    : entries_(std::size_t{capacity} + 1), buckets_(std::bit_ceil(std::size_t{capacity})) {}

template <class Value>
auto LruTable<Value>::bucket_of(const FlowKey& key) noexcept -> Index& {
  return buckets_[quick_hash(key) & (buckets_.size() - 1)];
}

template <class Value>
auto LruTable<Value>::find_or_create(const FlowKey& key) noexcept -> Found {
  if (newest_ != 0 && entries_[newest_].key == key) return {entries_[newest_].value, false};
  for (Index index = bucket_of(key); index != 0; index = entries_[index].chained) {
    if (entries_[index].key != key) continue;
    unlink(index);
    use(index);
    return {entries_[index].value, false};
  }
  const Index index = untouched_ < entries_.size() ? untouched_++ : recycle();
  Index& bucket = bucket_of(key);
  entries_[index] = Entry{.key = key, .value = {}, .chained = bucket};
  bucket = index;
  use(index);
  return {entries_[index].value, true};
}

template <class Value>
auto LruTable<Value>::recycle() noexcept -> Index {
  const Index index = oldest_;
  unlink(index);
  Index* link = &bucket_of(entries_[index].key);
  while (*link != index) link = &entries_[*link].chained;
  *link = entries_[index].chained;
  return index;
}

template <class Value>
void LruTable<Value>::use(Index index) noexcept {
  entries_[index].newer = 0;
  entries_[index].older = newest_;
  if (newest_ != 0) entries_[newest_].newer = index;
  newest_ = index;
  if (oldest_ == 0) oldest_ = index;
}

template <class Value>
void LruTable<Value>::unlink(Index index) noexcept {
  const Entry& entry = entries_[index];
  (entry.newer != 0 ? entries_[entry.newer].older : newest_) = entry.older;
  (entry.older != 0 ? entries_[entry.older].newer : oldest_) = entry.newer;
}

FlowTable::FlowTable(std::uint32_t flows) noexcept : flows_(flows), origins_(flows) {}

Flow& FlowTable::count(const Classified& frame) noexcept {
  auto [flow, created] = flows_.find_or_create(frame.key);
  if (created) flow.id = identify(frame.key);
  ++flow.number;
  flow.syns += frame.syn ? 1 : 0;
  flow.fins += frame.fin ? 1 : 0;
  flow.rsts += frame.rst ? 1 : 0;
  return flow;
}

std::uint64_t FlowTable::identify(const FlowKey& key) noexcept {
  const FlowKey origin = origin_of(key);
  std::uint64_t id = 0;
  for (const std::uint64_t word : origin.words()) id = absorb(id, word);
  // What remains after a port is left out may name several flows: they are told apart by their
  // order.
  if (origin == key) return absorb(id, 0);
  return absorb(id, ++origins_.find_or_create(origin).value.flows);
}

}  // namespace warren::impair
