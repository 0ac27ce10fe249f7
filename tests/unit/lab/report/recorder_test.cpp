// The recorder between a ring of a wire that a test plays, plain links in real namespaces, and
// those who ask for frames.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <warren/impair/recording.hpp>
#include <warren/lab/recorder.hpp>
#include <warren/system/netlink_batch.hpp>

#include "sample.hpp"
#include "support/pcapng_reader.hpp"
#include "support/temp_dir.hpp"
#include "support/traffic.hpp"

using namespace warren;
using namespace std::chrono_literals;
using Point = lab::CaptureRecord::Point;

namespace {

constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kFlags = 2;
constexpr std::uint16_t kDropped = 5;
constexpr lab::LinkId kAccess(0);  // plain
constexpr lab::LinkId kWan(1);     // wired
constexpr base::WallTime kStart{1'763'803'200s};

std::vector<test::PcapngBlock> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  auto blocks = test::read_pcapng(base::bytes_of(text));
  REQUIRE(blocks.has_value());
  return std::move(*blocks);
}

std::vector<test::PcapngBlock> of_type(const std::vector<test::PcapngBlock>& blocks,
                                       std::uint32_t type) {
  std::vector<test::PcapngBlock> out;
  std::ranges::copy_if(blocks, std::back_inserter(out),
                       [&](const test::PcapngBlock& block) { return block.type == type; });
  return out;
}

// A lab whose plain link is left out: no namespaces are needed.
lab::Topology wired_topology() {
  lab::Topology topology = test::sample_topology();
  topology.links[0].wired = true;
  return topology;
}

struct Frame {
  base::Duration at{};
  Point point = Point::sent;
  impair::Fate fate = {};
  std::string text = "a frame with fourteen bytes and more";
  std::uint32_t frame_bytes = 0;  ///< 0: as long as the text
  lab::LinkId link = kWan;
};

void push(lab::CaptureRing& ring, const Frame& frame) {
  lab::CaptureRecord record;
  record.when = kStart + frame.at;
  record.link = frame.link;
  record.point = frame.point;
  record.fate = frame.fate;
  record.bytes = base::bytes_of(frame.text);
  record.frame_bytes =
      frame.frame_bytes != 0 ? frame.frame_bytes : static_cast<std::uint32_t>(frame.text.size());
  REQUIRE(ring.push(record));
}

impair::Fate fate(impair::Verdict verdict, std::uint64_t number) {
  impair::Fate made;
  made.verdict = verdict;
  made.flow = 0x3f2a;
  made.number = number;
  return made;
}

/// A ring, a topology with wired links only, and whether the wire's capture is on.
struct Fixture {
  lab::Topology topology = wired_topology();
  lab::CaptureRing ring{1U << 23, 2048};
  std::atomic<bool> wire_on{false};
  test::TempDir directory;
  std::filesystem::path file = directory.path() / "capture.pcapng";
  std::unique_ptr<lab::Recorder> recorder = make(64U << 20, 256);

  std::unique_ptr<lab::Recorder> make(std::uint64_t keep_bytes, std::uint32_t snap_bytes) {
    lab::RecorderOptions options;
    options.ring = &ring;
    options.wire_capture = [this](bool on) { wire_on = on; };
    options.keep_bytes = keep_bytes;
    options.snap_bytes = snap_bytes;
    return std::make_unique<lab::Recorder>(topology, options);
  }
};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

struct Pipe {
  base::Fd reading, writing;
  Pipe() {
    std::array<int, 2> ends{};
    base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "opening", "a pipe");
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  /// Until the other end is closed.
  std::string read_all() {
    std::string text;
    std::array<char, 65536> piece{};
    for (ssize_t bytes = 0; (bytes = ::read(reading.get(), piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(bytes));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("the wire's capture is on only while somebody wants frames") {
  Fixture lab;
  CHECK_FALSE(lab.wire_on);
  lab.recorder->keep(true);
  CHECK(lab.wire_on);
  const auto watch = lab.recorder->watch(kWan, "x");
  lab.recorder->keep(false);
  CHECK(lab.wire_on);
  lab.recorder->unwatch(watch);
  CHECK_FALSE(lab.wire_on);
  lab.recorder->keep(true);
  lab.recorder.reset();
  CHECK_FALSE(lab.wire_on);
}

TEST_CASE("a capture has every link as an interface and the lab's seed") {
  Fixture lab;
  lab.recorder->keep(true);
  lab.recorder->write_capture(lab.file);
  const auto blocks = read_file(lab.file);
  CHECK(blocks[0].text(kComment).starts_with("lab failover, seed 42;"));
  const auto interfaces = of_type(blocks, test::kPcapngInterface);
  REQUIRE(interfaces.size() == 2);
  CHECK(interfaces[0].text(kInterfaceName) == "access (alice:eth0 - core:lan)");
  CHECK(interfaces[1].text(kInterfaceName) == "wan (core:wan - bob:eth0)");
}

TEST_CASE("each frame is in the capture once, by time, with its direction and its fate") {
  Fixture lab;
  lab.recorder->keep(true);
  const auto passed = fate(impair::Verdict::passed, 1);
  auto corrupted = fate(impair::Verdict::passed, 3);
  corrupted.corrupted = corrupted.duplicated = corrupted.reordered = true;
  push(lab.ring, {.at = 0ms, .fate = passed});
  push(lab.ring, {.at = 1ms, .fate = fate(impair::Verdict::lost, 2)});
  push(lab.ring, {.at = 5ms, .fate = corrupted});
  push(lab.ring, {.at = 9ms, .fate = fate(impair::Verdict::passed, 4)});
  push(lab.ring, {.at = 3ms, .fate = fate(impair::Verdict::passed, 5)});  // late in the ring
  push(lab.ring, {.at = 35ms, .point = Point::received, .fate = passed});
  push(lab.ring, {.at = 36ms, .point = Point::received, .fate = corrupted});
  push(lab.ring, {.at = 40ms, .point = Point::received, .fate = fate(impair::Verdict::codel, 4)});
  lab.recorder->settle();
  lab.recorder->write_capture(lab.file);
  const auto packets = of_type(read_file(lab.file), test::kPcapngPacket);
  REQUIRE(packets.size() == 5);
  const auto flow = std::string("flow 0000000000003f2a packet ");
  CHECK(packets[0].text(kComment) == "delayed 35.00 ms, " + flow + "1");
  CHECK(packets[1].text(kComment) == "lost by the loss model, " + flow + "2");
  CHECK(packets[2].text(kComment) == "passed, " + flow + "5");
  CHECK(packets[3].text(kComment) ==
        "delayed 31.00 ms, duplicated, corrupted, reordered, " + flow + "3");
  CHECK(packets[4].text(kComment) == "dropped by CoDel after 31.00 ms in the queue, " + flow + "4");
  CHECK(packets[1].stamp() ==
        static_cast<std::uint64_t>((kStart + 1ms).time_since_epoch().count()));
  CHECK(packets[0].option<std::uint32_t>(kFlags) == 2U);
  CHECK(packets[0].field<std::uint32_t>(0) == kWan.value());

  lab.recorder->write_capture(lab.file, true);
  const auto arrivals = of_type(read_file(lab.file), test::kPcapngPacket);
  REQUIRE(arrivals.size() == 2);
  CHECK(arrivals[1].text(kComment) == flow + "3, corrupted");
}

TEST_CASE("a full store keeps the newest frames, and the capture says that it is not all") {
  Fixture lab;
  lab.recorder = lab.make(16 * 1024, 64);
  lab.recorder->keep(true);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    push(lab.ring, {.at = i * 1ms, .fate = fate(impair::Verdict::lost, i)});
  }
  lab.recorder->settle();
  lab.recorder->write_capture(lab.file);
  const auto blocks = read_file(lab.file);
  const auto packets = of_type(blocks, test::kPcapngPacket);
  CHECK(packets.size() + lab.recorder->overwritten() == 500);
  CHECK(packets.back().text(kComment).ends_with("packet 500"));
  CHECK(blocks[0].text(kComment).ends_with("; the newest " + std::to_string(packets.size()) +
                                           " of 500 records"));
}

TEST_CASE("what did not fit into the wire's ring is counted as missed") {
  Fixture lab;
  lab::CaptureRing small(4096, 2048);
  lab::RecorderOptions options;
  options.ring = &small;
  lab::Recorder recorder(lab.topology, options);  // nobody asks: it does not look at the ring
  lab::CaptureRecord record;
  record.link = kWan;
  const std::string text(1000, 'x');
  record.bytes = base::bytes_of(text);
  while (small.push(record)) {
  }
  CHECK(recorder.missed() == 1);
}

TEST_CASE("verdicts are written as a recording that can be replayed") {
  Fixture lab;
  lab.recorder->keep(true);
  auto passed = fate(impair::Verdict::passed, 1);
  passed.duplicated = true;
  push(lab.ring, {.fate = passed});
  push(lab.ring, {.at = 1ms, .point = Point::received, .fate = passed});
  push(lab.ring, {.at = 2ms, .fate = fate(impair::Verdict::lost, 2)});
  push(lab.ring, {.at = 3ms, .fate = fate(impair::Verdict::passed, 3)});
  push(lab.ring, {.at = 9ms, .point = Point::received, .fate = fate(impair::Verdict::codel, 3)});
  lab.recorder->settle();
  const auto file = lab.directory.path() / "verdicts.txt";
  lab.recorder->write_verdicts(file);
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto recording = impair::Recording::parse(text);
  REQUIRE(recording.has_value());
  CHECK(recording->size() == 3);
  const auto* stream = recording->stream("wan", 0);
  REQUIRE(stream != nullptr);
  CHECK(stream->find(0x3f2a, 1)->duplicated);
  CHECK(stream->find(0x3f2a, 2)->verdict == impair::Verdict::lost);
  CHECK(stream->find(0x3f2a, 3)->verdict == impair::Verdict::codel);
}

TEST_CASE("a watch finds the text where it entered the link, and says in which frame") {
  Fixture lab;
  const auto watch = lab.recorder->watch(kWan, "CANARY");
  push(lab.ring, {.text = "nothing of interest"});
  push(lab.ring, {.text = "nothing", .link = kAccess});
  push(lab.ring, {.text = "a CANARY on another link", .link = kAccess});
  push(lab.ring, {.at = 2ms, .text = "..CANARY.."});
  push(lab.ring, {.at = 3ms, .point = Point::received, .text = "..CANARY.."});
  push(lab.ring, {.text = "cut off: CANAR", .frame_bytes = 60});
  lab.recorder->settle();
  const auto report = lab.recorder->report(watch);
  CHECK(report.frames == 3);
  CHECK(report.truncated == 1);
  CHECK(report.found == 1);
  REQUIRE(report.sightings.size() == 1);
  CHECK(report.sightings[0].frame == 2);
  CHECK(report.sightings[0].offset_bytes == 2);
  CHECK(report.sightings[0].when == kStart + 2ms);
}

TEST_CASE("a stream hands on the frames of one link, and ends with what it counted") {
  Fixture lab;
  Pipe pipe;
  const auto stream = lab.recorder->stream(kWan, std::move(pipe.writing));
  push(lab.ring, {.fate = fate(impair::Verdict::lost, 1)});
  push(lab.ring, {.fate = fate(impair::Verdict::passed, 2), .link = kAccess});
  lab.recorder->settle();
  CHECK(lab.recorder->streaming(stream));
  lab.recorder->unstream(stream);
  CHECK_FALSE(lab.recorder->streaming(stream));
  const std::string text = pipe.read_all();
  const auto blocks = test::read_pcapng(base::bytes_of(text));
  REQUIRE(blocks.has_value());
  CHECK(of_type(*blocks, test::kPcapngInterface).size() == 1);
  const auto packets = of_type(*blocks, test::kPcapngPacket);
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].text(kComment).starts_with("lost by the loss model"));
  CHECK(of_type(*blocks, test::kPcapngStatistics)[0].option<std::uint64_t>(4) == 1);
}

TEST_CASE("a reader that does not read costs frames of its own stream, which are counted") {
  Fixture lab;
  Pipe pipe;
  const auto stream = lab.recorder->stream(kWan, std::move(pipe.writing));
  const std::string text(1500, 'x');
  for (int i = 0; i < 4000; ++i) push(lab.ring, {.text = text});
  lab.recorder->settle();
  std::string seen;
  std::thread reader([&] { seen = pipe.read_all(); });
  lab.recorder->unstream(stream);
  reader.join();
  const auto blocks = test::read_pcapng(base::bytes_of(seen));
  REQUIRE(blocks.has_value());
  const auto last = of_type(*blocks, test::kPcapngStatistics).at(0);
  CHECK(last.option<std::uint64_t>(kDropped).value_or(0) > 0);
  CHECK(of_type(*blocks, test::kPcapngPacket).size() + *last.option<std::uint64_t>(kDropped) ==
        4000);
}

TEST_CASE("a stream whose reader is gone ends, and with it the capture") {
  Fixture lab;
  Pipe pipe;
  const auto stream = lab.recorder->stream(kWan, std::move(pipe.writing));
  CHECK(lab.wire_on);
  pipe.reading.reset();
  CHECK(eventually([&] { return !lab.recorder->streaming(stream); }));
  CHECK(eventually([&] { return !lab.wire_on; }));
}

TEST_CASE("frames of a plain link are kept, both ways, and found by a watch") {
  test::requires_root();
  const test::TestNetns alice;
  const test::TestNetns core;
  const auto mac = [](const char* text) { return *base::MacAddress::parse(text); };
  alice.run([&] {
    system::NetlinkBatch batch;
    batch.create_veth(
        {.netns = alice.fd(), .name = "eth0", .mac = mac("02:00:00:00:00:01"), .index = 5},
        {.netns = core.fd(), .name = "lan", .mac = mac("02:00:00:00:00:02"), .index = 6});
    batch.flush();
  });
  const auto address = [](const test::TestNetns& netns, const char* device, const char* text) {
    system::Netlink netlink(netns.fd());
    const auto index = netlink.link_index(device);
    netlink.set_link_up(index, true);
    netlink.add_address(index, *base::InterfaceAddress::parse(text));
  };
  address(alice, "eth0", "10.0.0.1/24");
  address(core, "lan", "10.0.0.2/24");

  lab::Topology topology = test::sample_topology();
  lab::RecorderOptions options;
  options.netns = [&](lab::NodeId node) { return node.value() == 0 ? alice.fd() : core.fd(); };
  lab::Recorder recorder(topology, options);
  recorder.keep(true);
  const auto watch = recorder.watch(kAccess, "CANARY-7f3a");
  const auto answered = recorder.watch(kAccess, "and back");
  Pipe pipe;
  const auto stream = recorder.stream(kAccess, std::move(pipe.writing));
  const auto from = test::bound_socket({&alice, "10.0.0.1", ""}, SOCK_DGRAM, "10.0.0.1:700");
  const auto to = test::bound_socket({&core, "10.0.0.2", ""}, SOCK_DGRAM, "10.0.0.2:7");
  const std::string text = "there CANARY-7f3a";
  const auto bytes = base::bytes_of(text);
  test::send_to(from, "10.0.0.2:7", {bytes.begin(), bytes.end()});
  const std::string answer = "and back";
  const auto back = base::bytes_of(answer);
  test::send_to(to, "10.0.0.1:700", {back.begin(), back.end()});
  // More than once: a busy machine may be late with the kernel's timer that hands the frames on.
  CHECK(eventually([&] {
    recorder.settle();
    return recorder.report(watch).found == 1 && recorder.report(answered).found == 1;
  }));

  const auto report = recorder.report(watch);
  CHECK(report.found == 1);
  CHECK(report.truncated == 0);
  REQUIRE(report.sightings.size() == 1);
  CHECK(report.sightings[0].direction == 0);
  CHECK(report.sightings[0].packet == "UDP 10.0.0.1:700 > 10.0.0.2:7");

  const test::TempDir directory;
  recorder.write_capture(directory.path() / "plain.pcapng");
  std::array<int, 3> directions{};
  for (const auto& packet :
       of_type(read_file(directory.path() / "plain.pcapng"), test::kPcapngPacket)) {
    const std::string seen(reinterpret_cast<const char*>(packet.packet().data()),
                           packet.packet().size());
    if (seen.find("there CANARY") == std::string::npos && seen.find(answer) == std::string::npos) {
      continue;  // ARP
    }
    ++directions.at(packet.option<std::uint32_t>(kFlags).value_or(0));
    CHECK(packet.field<std::uint32_t>(0) == kAccess.value());
    CHECK(packet.text(kComment).empty());
  }
  CHECK(directions == std::array{0, 1, 1});

  recorder.unstream(stream);
  const std::string streamed = pipe.read_all();
  CHECK(test::read_pcapng(base::bytes_of(streamed)).has_value());
  CHECK(streamed.find(text) != std::string::npos);
  CHECK(streamed.find(answer) != std::string::npos);
  CHECK(recorder.missed() == 0);
  const auto series = recorder.series(kStart);
  CHECK(series[0].directions[0].size() == series[0].directions[1].size());
  CHECK(!series[0].directions[0].empty());
  CHECK(series[1].directions[0].empty());
}
