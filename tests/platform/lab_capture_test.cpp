// Captures of a lab as Wireshark's own reader shows them.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <string>

#include <warren/lab/recorder.hpp>

#include "support/temp_dir.hpp"
#include "unit/lab/report/sample.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> piece{};
  while (std::fgets(piece.data(), static_cast<int>(piece.size()), pipe) != nullptr) {
    text += piece.data();
  }
  return ::pclose(pipe) == 0 ? text : text + "(failed)";
}

// An ICMP echo request from 10.0.1.1 to 10.0.1.2, with correct checksums.
std::string echo_request() {
  return {
      "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0"
      "\x45\0\0\x1c\0\x01\0\0\x40\x01\x64\xdd\x0a\0\x01\x01\x0a\0\x01\x02"
      "\x08\0\xf7\xfd\0\x01\0\x01",
      42};
}

}  // namespace

TEST_CASE("tshark shows a lab's interfaces, nanoseconds, directions and comments") {
  if (output_of("command -v tshark").empty()) SKIP("tshark is not installed");
  lab::Topology topology = test::sample_topology();
  topology.links[0].wired = true;  // no namespaces are needed
  lab::CaptureRing ring(1U << 20, 2048);
  lab::RecorderOptions options;
  options.ring = &ring;
  lab::Recorder recorder(topology, options);
  recorder.keep(true);

  const std::string bytes = echo_request();
  lab::CaptureRecord record;
  record.when = base::WallTime(1'763'803'200'123'456'789ns);
  record.link = lab::LinkId(1);
  record.fate.flow = 0x3f2a;
  record.fate.number = 17;
  record.bytes = base::bytes_of(bytes);
  record.frame_bytes = static_cast<std::uint32_t>(bytes.size());
  REQUIRE(ring.push(record));
  record.when += 35'200us;
  record.point = lab::CaptureRecord::Point::received;
  REQUIRE(ring.push(record));
  record.point = lab::CaptureRecord::Point::sent;
  record.direction = 1;
  record.fate.verdict = impair::Verdict::lost;
  record.fate.number = 18;
  REQUIRE(ring.push(record));
  recorder.settle();
  const test::TempDir directory;
  const std::string file = (directory.path() / "capture.pcapng").string();
  recorder.write_capture(file);

  const std::string fields = output_of(
      "TZ=UTC tshark -r " + file +
      " -T fields -E separator='|' -e frame.interface_name -e frame.time_epoch -e "
      "frame.packet_flags_direction -e _ws.col.Protocol -e ip.dst -e icmp.checksum.status -e "
      "frame.comment 2>&1 | grep -v 'Running as user'");
  CHECK(fields ==
        "wan (core:wan - bob:eth0)|1763803200.123456789|0x00000002|ICMP|10.0.1.2|1|"
        "delayed 35.20 ms, flow 0000000000003f2a packet 17\n"
        "wan (core:wan - bob:eth0)|1763803200.158656789|0x00000001|ICMP|10.0.1.2|1|"
        "lost by the loss model, flow 0000000000003f2a packet 18\n");
  const std::string about = output_of("capinfos " + file + " 2>&1");
  CHECK(about.find("Number of interfaces in file: 2") != std::string::npos);
  CHECK(about.find("lab failover, seed 42") != std::string::npos);
  CHECK(about.find("Name = access (alice:eth0 - core:lan)") != std::string::npos);
}
