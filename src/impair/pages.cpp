#include "pages.hpp"

#include <sys/mman.h>

#include <cerrno>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>

namespace warren::impair {

void* map_pages(std::size_t bytes) noexcept {
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  WARREN_ASSERT(pages != MAP_FAILED, "bytes={}: {}", bytes, base::errno_text(errno));
  // One touched entry must not cost the two megabytes of a huge page. Where the kernel has none,
  // the call fails and nothing is lost.
  ::madvise(pages, bytes, MADV_NOHUGEPAGE);
  return pages;
}

void unmap_pages(void* pages, std::size_t bytes) noexcept {
  ::munmap(pages, bytes);
}

}  // namespace warren::impair
