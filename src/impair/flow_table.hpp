// What is remembered of each flow: how many of its frames came, and the state of its loss chain.
// Bounded: a new flow takes the place of the one unused for longest.
#pragma once

#include <cstdint>

#include "classify.hpp"
#include "pages.hpp"

namespace warren::impair {

struct Flow {
  std::uint64_t id = 0;      ///< the same in every run
  std::uint64_t number = 0;  ///< of the latest frame
  std::uint64_t syns = 0, fins = 0, rsts = 0;
  std::uint32_t chain = 0;  ///< of which loss model `bad` is the state
  bool bad = false;
};

/// A hash table whose entries are linked by their last use. Value starts as zero bytes.
template <class Value>
class LruTable {
 public:
  /// `capacity` is above 0.
  explicit LruTable(std::uint32_t capacity) noexcept;
  struct Found {
    Value& value;
    bool created;
  };
  Found find_or_create(const FlowKey& key) noexcept;

 private:
  using Index = std::uint32_t;  // 0: none
  struct Entry {
    FlowKey key;
    Value value;
    Index chained = 0;  // the next in the same bucket
    Index newer = 0, older = 0;
  };
  Index& bucket_of(const FlowKey& key) noexcept;
  Index recycle() noexcept;
  void use(Index index) noexcept;
  void unlink(Index index) noexcept;

  PageArray<Entry> entries_;  // entries_[0] is none
  PageArray<Index> buckets_;  // a power of two
  Index newest_ = 0, oldest_ = 0;
  Index untouched_ = 1;
};

class FlowTable {
 public:
  /// Above 0.
  explicit FlowTable(std::uint32_t flows) noexcept;
  /// The frame's flow, its frame counted.
  Flow& count(const Classified& frame) noexcept;

 private:
  struct Origin {
    std::uint64_t flows = 0;  ///< that began with this key
  };
  std::uint64_t identify(const FlowKey& key) noexcept;

  LruTable<Flow> flows_;
  LruTable<Origin> origins_;
};

}  // namespace warren::impair
