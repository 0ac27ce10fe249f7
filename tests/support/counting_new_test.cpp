// In every program that counts: a count of nothing must not come from a replacement that is not
// there.
#include "support/counting_new.hpp"

#include <catch2/catch_test_macros.hpp>
#include <new>

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
