#include "frame_watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "frame_summary.hpp"
#include "frame_text.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kSightingsMost = 16;
constexpr int kLastWriteMs = 200;

}  // namespace

void FrameWatch::see(const CaptureRecord& record) {
  ++report.frames;
  report.bytes += record.frame_bytes;
  if (record.bytes.size() < record.frame_bytes) ++report.truncated;
  const void* at = ::memmem(record.bytes.data(), record.bytes.size(), marker.data(), marker.size());
  if (at == nullptr) return;
  ++report.found;
  if (report.sightings.size() >= kSightingsMost) return;
  report.sightings.push_back({.when = record.when,
                              .direction = record.direction,
                              .frame = report.frames,
                              .offset_bytes = static_cast<std::uint32_t>(
                                  static_cast<const std::byte*>(at) - record.bytes.data()),
                              .packet = frame_summary(record.bytes)});
}

FrameStream::FrameStream(LinkId link, base::Fd out, PcapngBuffer prelude)
    : link_(link), out_(std::move(out)), pending_(std::move(prelude)) {
  const int flags = ::fcntl(out_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(out_.get(), F_SETFL, flags | O_NONBLOCK);
}

void FrameStream::see(const CaptureRecord& record, bool wired) {
  ++frames_;
  last_ = record.when;
  if (pending_.size() - written_ > kPendingBytesMost) {
    ++missed_;
    return;
  }
  // What becomes of a frame that passes is not known yet.
  const std::string comment = wired ? fate_comment(record, std::nullopt) : std::string();
  append_packet(pending_, {.interface = 0,
                           .when = record.when,
                           .direction = record.direction == 0 ? PcapngPacket::Direction::outbound
                                                              : PcapngPacket::Direction::inbound,
                           .frame_bytes = record.frame_bytes,
                           .bytes = record.bytes,
                           .comment = comment});
}

void FrameStream::flush() {
  while (wants_to_write()) {
    const ssize_t taken =
        ::write(out_.get(), pending_.data() + written_, pending_.size() - written_);
    if (taken > 0) {
      written_ += static_cast<std::size_t>(taken);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) hang_up();
    return;
  }
  pending_.clear();
  written_ = 0;
}

void FrameStream::finish() {
  append_statistics(
      pending_,
      {.interface = 0, .when = last_, .received = frames_, .missed = missed_, .comment = {}});
  flush();
  pollfd ready{fd(), POLLOUT, 0};
  while (wants_to_write() && ::poll(&ready, 1, kLastWriteMs) > 0) flush();
  hang_up();
}

}  // namespace warren::lab
