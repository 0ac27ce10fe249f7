// Every backend of either cipher against libsodium, at every length, alignment and placement.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <new>

#include <warren/crypto/aead.hpp>

#include "aead_fixture.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

constexpr auto kCanary = std::byte{0xc5};

std::vector<std::size_t> lengths() {
  std::vector<std::size_t> all;
  for (std::size_t length = 0; length <= 2048; ++length) all.push_back(length);
  for (const std::size_t length :
       {2049U, 4095U, 4096U, 4097U, 8192U, 9000U, 16384U, 32767U, 65487U, 65507U, 65519U, 65535U}) {
    all.push_back(length);
  }
  return all;
}

/// Pages between two that may not be touched: whoever reads or writes a byte too far dies of it.
class GuardedPages {
 public:
  explicit GuardedPages(std::size_t size)
      : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        size_((size + page_ - 1) / page_ * page_) {
    auto* base = ::mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(base);
    if (::mprotect(base_ + page_, size_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  ~GuardedPages() { ::munmap(base_, size_ + 2 * page_); }
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;
  /// The first and the last `count` bytes.
  std::byte* first() { return base_ + page_; }
  std::byte* last(std::size_t count) { return first() + size_ - count; }

 private:
  std::size_t page_;
  std::size_t size_;
  std::byte* base_;
};

/// A buffer whose content starts `offset` bytes past a multiple of 64, with canaries behind it.
class Misaligned {
 public:
  Misaligned(std::size_t offset, std::size_t count)
      : storage_(offset + count + 2 * kMargin, kCanary), count_(count) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    start_ = storage_.data() + (kMargin - address % kMargin) % kMargin + offset;
  }
  std::byte* data() { return start_; }
  void fill(base::ConstBytes bytes) { std::ranges::copy(bytes, start_); }
  [[nodiscard]] base::ConstBytes first(std::size_t count) const { return {start_, count}; }
  [[nodiscard]] bool intact() const {
    const auto* end = storage_.data() + storage_.size();
    return std::all_of(storage_.data(), static_cast<const std::byte*>(start_), is_canary) &&
           std::all_of(static_cast<const std::byte*>(start_ + count_), end, is_canary);
  }

 private:
  static constexpr std::size_t kMargin = 64;
  static bool is_canary(std::byte byte) { return byte == kCanary; }
  ByteVector storage_;
  std::size_t count_;
  std::byte* start_ = nullptr;
};

bool all_zero(base::ConstBytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool same(base::ConstBytes a, base::ConstBytes b) {
  return std::ranges::equal(a, b);
}

}  // namespace

TEST_CASE("every backend seals and opens as libsodium does, at every length and alignment") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  Aead reference = choice.reference();
  Aead aead = choice.engine();
  SeededBytes random(11);
  for (const auto length : lengths()) {
    CAPTURE(length);
    const auto key = random.key();
    const auto counter = random.number();
    const auto plaintext = random.bytes(length);
    const auto sealed = seal_one(reference, key, counter, plaintext);
    const AeadKey prepared = aead.prepare(key);
    for (const std::size_t offset : {std::size_t{0}, 1 + length % 15, 16 + length % 47}) {
      CAPTURE(offset);
      Misaligned in(offset, sealed.size());
      Misaligned out(63 - offset % 64, sealed.size());
      bool good = true;

      in.fill(plaintext);
      AeadJob job{.key = &prepared, .counter = counter, .in = in.first(length), .out = out.data()};
      aead.seal({&job, 1});
      good = good && same(out.first(sealed.size()), sealed) && same(in.first(length), plaintext);
      job.out = in.data();  // in place
      aead.seal({&job, 1});
      good = good && same(in.first(sealed.size()), sealed) && in.intact() && out.intact();

      Misaligned opened(offset / 2, length);
      job.in = in.first(sealed.size());
      job.out = opened.data();
      aead.open({&job, 1});
      good = good && job.authentic && same(opened.first(length), plaintext) && opened.intact();
      good = good && same(in.first(sealed.size()), sealed);
      job.out = in.data();  // in place
      aead.open({&job, 1});
      good = good && job.authentic && same(in.first(length), plaintext) && in.intact();
      if (!good) FAIL_CHECK("differs from libsodium");

      // One bit of it flipped, anywhere in ciphertext and tag: zeros, in both placements.
      auto forged = sealed;
      forged[random.number() % forged.size()] ^= static_cast<std::byte>(1U << random.number() % 8);
      in.fill(forged);
      job.out = opened.data();
      aead.open({&job, 1});
      bool refused = !job.authentic && all_zero(opened.first(length)) && opened.intact();
      job.out = in.data();  // in place
      aead.open({&job, 1});
      refused = refused && !job.authentic && all_zero(in.first(length)) && in.intact();
      if (!refused) FAIL_CHECK("released plaintext of a forgery");
    }
  }
}

TEST_CASE("no backend touches a byte outside its buffers") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  constexpr std::size_t kMost = 2048;
  Aead aead = choice.engine();
  SeededBytes random(12);
  GuardedPages key_pages(kKeyBytes);
  GuardedPages in_pages(kMost + kTagBytes);
  GuardedPages out_pages(kMost + kTagBytes);
  const auto key_bytes = random.bytes(kKeyBytes);
  for (std::size_t length = 0; length <= kMost; ++length) {
    CAPTURE(length);
    const auto plaintext = random.bytes(length);
    const std::size_t sealed_size = length + kTagBytes;
    for (const bool at_end : {false, true}) {
      const auto place = [at_end](GuardedPages& pages, std::size_t size) {
        return at_end ? pages.last(size) : pages.first();
      };
      const auto* key =
          new (place(key_pages, kKeyBytes)) SymmetricKey(std::span(key_bytes).first<kKeyBytes>());
      const AeadKey prepared = aead.prepare(*key);
      auto* in = place(in_pages, length);
      auto* out = place(out_pages, sealed_size);
      std::ranges::copy(plaintext, in);
      AeadJob job{.key = &prepared, .counter = length, .in = {in, length}, .out = out};
      aead.seal({&job, 1});
      job.in = {out, sealed_size};
      job.out = in;
      std::fill_n(in, length, std::byte{0});
      aead.open({&job, 1});
      if (!job.authentic || !same({in, length}, plaintext)) FAIL_CHECK("did not open");
      out[length / 2] ^= std::byte{1};
      aead.open({&job, 1});
      if (job.authentic) FAIL_CHECK("opened a forgery");
    }
  }
}
