#include "page_parts.hpp"

namespace warren::lab {

std::string_view page_style() noexcept {
  return R"css(
:root { color-scheme: light dark;
  --bg: #ffffff; --card: #f6f7f9; --text: #1b1f24; --dim: #57606a; --line: #d0d7de;
  --good: #1a7f37; --bad: #c1121f; --warn: #9a6700; --info: #0550ae; --odd: #8250df;
  --good-bg: #dafbe1; --bad-bg: #ffebe9; --warn-bg: #fff8c5; --mark: #fff3b0; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0d1117; --card: #161b22; --text: #e6edf3; --dim: #9198a1; --line: #30363d;
  --good: #3fb950; --bad: #ff7b72; --warn: #d29922; --info: #79c0ff; --odd: #d2a8ff;
  --good-bg: #12261e; --bad-bg: #2d1416; --warn-bg: #272115; --mark: #3a3210; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; }
body { margin: 0; background: var(--bg); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main, header > div, nav > div { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--info); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--info); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 2; }
header { padding: 1.5rem 0 1rem; border-bottom: 6px solid var(--line); }
header.failed, header.error { border-color: var(--bad); background: var(--bad-bg); }
header.passed { border-color: var(--good); background: var(--good-bg); }
header.skipped { border-color: var(--warn); background: var(--warn-bg); }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.25rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h4 { font-size: .95rem; margin: 1rem 0 .35rem; }
p { margin: .4rem 0; }
nav { position: sticky; top: 0; background: var(--card); border-bottom: 1px solid var(--line); z-index: 1; }
nav > div { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; padding-top: .55rem; padding-bottom: .55rem; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: .87em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  overflow: auto; max-height: 32rem; margin: .4rem 0; line-height: 1.4; tab-size: 4; }
pre.whole { max-height: none; }
.command { display: block; background: var(--bg); border: 1px solid var(--line); border-radius: 6px;
  padding: .45rem .7rem; overflow-x: auto; white-space: pre; user-select: all; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .75rem 0; }
dl.facts dt { color: var(--dim); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; border-radius: 4px; padding: 0 .5rem; font-weight: 600; border: 1px solid currentColor; }
.passed > .badge, .badge.passed { color: var(--good); } .failed > .badge, .badge.failed, .badge.error { color: var(--bad); }
.badge.skipped { color: var(--warn); }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); } .dim { color: var(--dim); } .warn { color: var(--warn); }
.card { border: 1px solid var(--line); border-left: 5px solid var(--bad); border-radius: 6px;
  padding: .9rem 1.1rem; margin: .8rem 0; background: var(--card); }
.card pre, .card .command { background: var(--bg); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .4rem 0; }
th, td { text-align: left; padding: .22rem .7rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--dim); font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.all { width: 100%; } table.all td, table.all th { overflow-wrap: anywhere; }
table.all td:nth-child(3) { width: 32%; } table.all td:nth-child(4) { width: 34%; }
tr.hit > * { background: var(--bad-bg); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; background: var(--card); }
details > summary { cursor: pointer; padding: .45rem .9rem; overflow-wrap: anywhere; }
details > summary .dim { font-weight: normal; }
details > div { padding: .1rem .9rem .8rem; background: var(--bg); border-top: 1px solid var(--line); border-radius: 0 0 6px 6px; }
details.trouble { border-left: 5px solid var(--bad); }
svg { display: block; width: 100%; min-width: 44rem; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg text { fill: var(--text); } svg text.dim { fill: var(--dim); } svg text.bad { fill: var(--bad); }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--dim); stroke-width: 1; }
.event { stroke: var(--odd); stroke-width: 1.5; stroke-dasharray: 4 3; } .event-n { fill: var(--odd); }
.trouble-line { stroke: var(--bad); stroke-width: 1.5; } .trouble-n { fill: var(--bad); }
svg text.on { fill: var(--bg); font-weight: 700; font-size: 10px; }
.bar-passed { fill: var(--good); } .bar-failed, .bar-error { fill: var(--bad); } .bar-skipped { fill: var(--warn); }
.span-failed { fill: var(--bad); opacity: .09; }
.s-passed { fill: var(--info); } .s-lost, .s-selected { fill: var(--bad); } .s-too_big { fill: var(--odd); }
.s-link_down { fill: var(--dim); } .s-queue_full, .s-codel { fill: var(--warn); } .s-overrun { fill: #e0218a; }
.s-flight { fill: none; stroke: var(--text); stroke-width: 1.2; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; vertical-align: -1px; margin: 0 .3rem 0 .9rem; }
.key:first-child { margin-left: 0; }
.key.s-passed { background: var(--info); } .key.s-lost { background: var(--bad); } .key.s-too_big { background: var(--odd); }
.key.s-link_down { background: var(--dim); } .key.s-queue_full { background: var(--warn); } .key.s-overrun { background: #e0218a; }
.key.s-flight { height: 2px; background: var(--text); vertical-align: 4px; }
.picture { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: .8rem; text-align: center; overflow-x: auto; }
.picture img { max-width: 100%; height: auto; }
ol.file { list-style: none; counter-reset: line; margin: 0; padding: .6rem 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; line-height: 1.4; }
ol.file li { white-space: pre; padding-right: 1rem; min-height: 1.4em; }
ol.file li::before { counter-increment: line; content: counter(line); display: inline-block; width: 3.2rem;
  padding-right: 1rem; text-align: right; color: var(--dim); }
ol.file li.hit { background: var(--bad-bg); box-shadow: inset 5px 0 var(--bad); }
ol.file li:target { background: var(--mark); }
pre .hit { background: var(--bad-bg); color: var(--bad); }
pre .note { color: var(--odd); }
@media print { nav { display: none; } details > div { display: block; } pre { max-height: none; } }
)css";
}

}  // namespace warren::lab
