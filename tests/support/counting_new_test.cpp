// In every program that counts: a count of nothing must not come from a replacement that is not
// there.
#include "support/counting_new.hpp"

#include <catch2/catch_test_macros.hpp>
#include <new>
#include <string>

TEST_CASE("each form of operator new is counted") {
  constexpr auto kLine = std::align_val_t{64};
  CHECK(warren::test::allocations_in([] {}) == 0);
  CHECK(warren::test::allocations_in([=] {
          ::operator delete(::operator new(1));
          ::operator delete[](::operator new[](1));
          ::operator delete(::operator new(1, std::nothrow), std::nothrow);
          ::operator delete[](::operator new[](1, std::nothrow), std::nothrow);
          ::operator delete(::operator new(1, kLine), kLine);
          ::operator delete[](::operator new[](1, kLine), kLine);
          ::operator delete(::operator new(1, kLine, std::nothrow), kLine, std::nothrow);
          ::operator delete[](::operator new[](1, kLine, std::nothrow), kLine, std::nothrow);
        }) == 8);
}

TEST_CASE("a secret in memory that is given back is found, and one that was overwritten is not") {
  const std::string secret = "a secret that is longer than a string's own room";
  CHECK(warren::test::freed_with(secret, [&] { const std::string copy = secret; }) == 1);
  CHECK(warren::test::freed_with(secret, [&] {
          std::string copy = secret;
          copy.assign(copy.size(), '-');
        }) == 0);
}
