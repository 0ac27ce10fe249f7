// warren lab check, plan, graph, as a user runs them.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "run_warren.hpp"

using namespace warren::cli::test;

namespace {

/// Runs `script` beside a lab of two hosts, lab.toml, and one with a mistake, wrong.toml.
Result run_with_lab(const TemporaryFolder& folder, const std::string& script) {
  std::ofstream(folder.path() / "lab.toml") << R"([lab]
name = "pair"
[node.alice]
[node.bob]
[[link]]
ends = ["alice", "bob"]
delay = "5ms"
)";
  std::ofstream(folder.path() / "wrong.toml") << R"([node.alice]
[[link]]
ends = ["alice", "alise"]
)";
  return run(folder, script);
}

bool have(const std::string& tool) {
  return std::system(("command -v " + tool + " >/dev/null").c_str()) == 0;
}

}  // namespace

TEST_CASE("lab check says what a valid file holds and exits with 0") {
  const TemporaryFolder folder;
  const Result result = run_with_lab(folder, "warren lab check lab.toml");
  CHECK(result.exit_code == 0);
  CHECK(result.out ==
        "lab.toml: ok (pair: 2 nodes, 1 link (1 by wire), 0 tunnels, 0 expectations)\n");
  CHECK(result.err.empty());
}

TEST_CASE("the file commands of lab show the place of an error and exit with 2") {
  const TemporaryFolder folder;
  for (const std::string command : {"check", "plan", "graph"}) {
    CAPTURE(command);
    const Result result = run_with_lab(folder, "warren lab " + command + " wrong.toml");
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, "wrong.toml:3:"));
    CHECK(contains(result.err, "alise"));
  }
}

TEST_CASE("the file commands of lab exit with 2 for a file that does not exist") {
  const TemporaryFolder folder;
  for (const std::string command : {"check", "plan", "graph"}) {
    CAPTURE(command);
    const Result result = run_with_lab(folder, "warren lab " + command + " none.toml");
    CHECK(result.exit_code == 2);
    CHECK(contains(result.err, "none.toml: No such file or directory"));
  }
}

TEST_CASE("lab plan prints steps, with --sh a script that the shell can read") {
  const TemporaryFolder folder;
  const Result plan = run_with_lab(folder, "warren lab plan lab.toml");
  CHECK(plan.exit_code == 0);
  CHECK(plan.out.starts_with("namespace  pair-alice\n"));
  const Result script =
      run_with_lab(folder, "warren lab plan --sh lab.toml >up.sh && sh -n up.sh && cat up.sh");
  CHECK(script.exit_code == 0);
  CHECK(script.out.starts_with("#!/bin/sh\n"));
}

TEST_CASE("lab graph takes the format from the option, else from the output's ending") {
  const TemporaryFolder folder;
  const std::string graph = "warren lab graph lab.toml ";
  CHECK(run_with_lab(folder, graph + "--format dot").out.starts_with("graph \"pair\" {\n"));
  CHECK(run_with_lab(folder, graph + "-o x.mmd && cat x.mmd").out.starts_with("flowchart LR\n"));
  CHECK(run_with_lab(folder, graph + "-o x.gv && cat x.gv").out.starts_with("graph "));
  CHECK(run_with_lab(folder, graph + "--format mermaid -o y.gv && cat y.gv")
            .out.starts_with("flowchart"));
  CHECK(run_with_lab(folder, graph + "--format png").exit_code == 2);
}

TEST_CASE("lab graph draws SVG when nothing else is said") {
  if (!have("dot")) SKIP("Graphviz's dot is not installed");
  const TemporaryFolder folder;
  CHECK(run_with_lab(folder, "warren lab graph lab.toml").out.starts_with("<svg "));
}

TEST_CASE("lab graph without Graphviz exits with 3 and names the remedy") {
  const TemporaryFolder folder;
  const Result result = run_with_lab(folder, "PATH=/nonexistent; warren lab graph lab.toml");
  CHECK(result.exit_code == 3);
  CHECK(contains(result.err, "hint: install Graphviz"));
}

TEST_CASE("lab graph says which file it could not write") {
  const TemporaryFolder folder;
  const Result result =
      run_with_lab(folder, "warren lab graph --format dot lab.toml -o none/x.dot");
  CHECK(result.exit_code == 3);
  CHECK(contains(result.err, "writing none/x.dot: No such file or directory"));
}
