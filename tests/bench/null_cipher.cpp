// The null cipher of the relay that tests/bench/compare.sh measures as a floor: Warren as it is,
// handshakes and all, but transport data goes out as plaintext and no tag is checked. Only the
// executable warren-null has it, which is never installed.
//
// The linker's --wrap sends the calls to Aead::seal and Aead::open here instead of to the crypto
// module, so that no library is built twice and the module knows nothing of a null cipher.
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <warren/crypto/aead.hpp>

namespace warren::crypto {
namespace {

// The names below are those of these signatures. Were one of them another, the wrapping would
// silently have no effect.
using BatchFunction = void (Aead::*)(std::span<AeadJob>) noexcept;
static_assert(std::is_same_v<decltype(&Aead::seal), BatchFunction>);
static_assert(std::is_same_v<decltype(&Aead::open), BatchFunction>);
static_assert(std::is_same_v<decltype(&backend_name), std::string_view (*)(AeadBackend) noexcept>);

void move_bytes(const AeadJob& job, std::size_t bytes) noexcept {
  if (job.out != job.in.data() && bytes != 0) std::memmove(job.out, job.in.data(), bytes);
}

}  // namespace

// In C++ these would be members; what takes their place is a function of the object as well.
void null_seal(Aead* aead, std::span<AeadJob> jobs) noexcept
    asm("__wrap__ZN6warren6crypto4Aead4sealESt4spanINS0_7AeadJobELm18446744073709551615EE");
void null_open(Aead* aead, std::span<AeadJob> jobs) noexcept
    asm("__wrap__ZN6warren6crypto4Aead4openESt4spanINS0_7AeadJobELm18446744073709551615EE");
std::string_view null_name(AeadBackend backend) noexcept
    asm("__wrap__ZN6warren6crypto12backend_nameENS0_11AeadBackendE");

void null_seal(Aead* /*aead*/, std::span<AeadJob> jobs) noexcept {
  for (const AeadJob& job : jobs) move_bytes(job, job.in.size());
}

void null_open(Aead* /*aead*/, std::span<AeadJob> jobs) noexcept {
  for (AeadJob& job : jobs) {
    job.authentic = job.in.size() >= kTagBytes;
    if (job.authentic) move_bytes(job, job.in.size() - kTagBytes);
  }
}

std::string_view null_name(AeadBackend /*backend*/) noexcept {
  return "null";
}

}  // namespace warren::crypto
