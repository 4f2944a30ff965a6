// The report's only style sheet: one accent, light and dark, screen and paper.

const light = `
  --paper: #fdfdfb; --ink: #1c1e21; --muted: #63686f; --line: #e2e2dc; --faint: #f3f3ee;
  --accent: #1463c0; --against: #b9541a; --forced: #7a55c7; --acted: #8a6fc433; --doubt: #c9a22740; --shade: #0000001f;`;

const dark = `
  --paper: #141619; --ink: #e8e8e4; --muted: #9ba1a9; --line: #30343a; --faint: #1c1f23;
  --accent: #6fb1ff; --against: #f09355; --forced: #b79bf2; --acted: #a58be040; --doubt: #e0bb4a50; --shade: #00000080;`;

export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { margin: 0 0 20px; padding-left: 18px; border-left: 5px solid var(--muted); font-size: clamp(1.2rem, 0.9rem + 1.3vw, 1.65rem); font-weight: 400; line-height: 1.4; text-wrap: pretty; }
h1 strong { font-weight: 650; }
h1.better, h1.raised { border-color: var(--accent); }
h1.worse, h1.mixed, h1.lowered { border-color: var(--against); }
h2 { margin: 0 0 8px; font-size: 1.3rem; font-weight: 650; }
h3 { margin: 44px 0 12px; font-size: 1.05rem; font-weight: 650; }
p { margin: 0 0 16px; max-width: 70ch; }
a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: 3px; }
section { margin-top: 56px; padding-top: 32px; border-top: 1px solid var(--line); }
.note, .key { max-width: none; color: var(--muted); font-size: 0.9rem; }
.verdicts { margin: 0 0 20px; padding-left: 22px; }
.verdicts li { margin: 6px 0; }
aside { margin: 24px 0; padding: 14px 18px; border: 1px solid var(--against); border-left-width: 5px; border-radius: 4px; background: var(--faint); }
aside h2 { font-size: 1rem; color: var(--against); }
aside ul { margin: 0; padding-left: 20px; }
.warned { color: var(--against); font-weight: 600; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 32px 48px; margin: 28px 0; }
.charts.small figcaption { margin-bottom: 4px; }
.charts.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 24px 32px; margin: 16px 0 32px; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figure.trace { margin: 20px 0 36px; }
figcaption { margin-bottom: 10px; font-weight: 600; font-size: 0.95rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; font-size: 13px; font-variant-numeric: tabular-nums; }
svg text { fill: var(--ink); }
svg .tick, svg .axis, svg .group { fill: var(--muted); font-size: 12px; }
svg .group { font-weight: 600; }
svg path { fill: none; }
.grid { stroke: var(--line); }
.reference { stroke: var(--muted); stroke-dasharray: 2 2; }
.leader { stroke: var(--muted); stroke-opacity: 0.6; }
.whisker { stroke-width: 2; stroke: var(--muted); }
.dot { fill: var(--paper); stroke: var(--muted); stroke-width: 2; }
.sft .dot { fill: var(--ink); stroke: var(--ink); }
.sft .whisker, .sft .line { stroke: var(--ink); }
.recap .dot { fill: var(--accent); stroke: var(--accent); }
.recap .whisker, .recap .line { stroke: var(--accent); }
svg .recap .name, svg .recap .value { fill: var(--accent); font-weight: 600; }
.line { stroke: var(--muted); stroke-width: 2; stroke-linejoin: round; }
.control .name { fill: var(--muted); }
.value-curve { stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; }
path.positive { stroke: var(--accent); }
path.negative { stroke: var(--against); }
path.forced { stroke: var(--forced); }
.threshold { stroke: var(--ink); stroke-dasharray: 5 3; }
.hit { fill: transparent; }
svg path.filmed { fill: var(--muted); }
.recap path.filmed { fill: var(--accent); }
rect.acted { fill: var(--acted); }
rect.doubt { fill: var(--doubt); }
.key > span { display: inline-block; margin-right: 18px; }
.swatch { display: inline-block; width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; border-radius: 2px; }
.swatch.positive { background: var(--accent); }
.swatch.negative { background: var(--against); }
.swatch.forced { background: var(--forced); }
.swatch.acted { background: var(--acted); }
.swatch.doubt { background: var(--doubt); }
details.film { margin: 10px 0; padding: 10px 14px; border: 1px solid var(--line); border-radius: 6px; }
details.film > summary { color: var(--ink); font-weight: 400; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px 24px; margin-top: 12px; }
.screen { position: relative; overflow: hidden; aspect-ratio: 4 / 3; border-radius: 4px; background: var(--faint); }
.screen img { position: absolute; top: 0; left: 0; max-width: none; }
.badge { position: absolute; right: 8px; bottom: 8px; padding: 2px 9px; border-radius: 4px; color: #fff; font-size: 0.8rem; font-weight: 600; opacity: 0; }
.badge.done { background: #1463c0; }
.badge.over { background: #b9541a; }
.ended .badge { opacity: 1; }
.shot figcaption { font-weight: 400; }
.recap.shot figcaption strong { color: var(--accent); }
.shot .value { margin-top: 8px; cursor: pointer; overflow: hidden; }
.shot .reading { font-weight: 600; }
.recap.shot .value-curve { stroke: var(--accent); }
.cursor { stroke: var(--muted); stroke-width: 1.5; }
.controls { display: flex; gap: 12px; align-items: center; margin-top: 6px; }
.controls input { flex: 1; min-width: 0; accent-color: var(--muted); }
.controls button { min-width: 5em; padding: 3px 0; border: 1px solid var(--line); border-radius: 4px; background: var(--faint); color: inherit; font: inherit; font-size: 0.85rem; cursor: pointer; }
.controls output { min-width: 4em; text-align: right; font-variant-numeric: tabular-nums; font-size: 0.85rem; color: var(--muted); }
.strip { stroke: var(--muted); stroke-opacity: 0.55; }
.recap .strip { stroke: var(--accent); }

figure.table { margin: 24px 0 32px; break-inside: auto; }
.scroll {
  overflow-x: auto;
  background: linear-gradient(to right, var(--paper) 30%, transparent) 0 0 / 40px 100% no-repeat local,
    linear-gradient(to left, var(--paper) 30%, transparent) 100% 0 / 40px 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) 0 0 / 14px 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) 100% 0 / 14px 100% no-repeat scroll;
}
.trace svg { min-width: 700px; overflow: hidden; }
table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 16px 6px 0; text-align: left; vertical-align: baseline; white-space: nowrap; border-bottom: 1px solid var(--line); font-weight: 400; }
th:last-child, td:last-child { padding-right: 2px; }
thead th { min-width: 5em; color: var(--muted); vertical-align: bottom; white-space: normal; line-height: 1.3; }
tbody tr:not(.group) th { min-width: 8em; white-space: normal; }
.figures { text-align: right; }
tr.group th { padding-top: 16px; color: var(--muted); font-weight: 600; }
code { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
code.command { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.bar { display: inline-block; width: 120px; height: 8px; margin-right: 10px; background: var(--faint); border-radius: 2px; }
.bar span { display: block; height: 100%; background: var(--accent); border-radius: 2px; }
summary { cursor: pointer; color: var(--muted); font-weight: 600; }

@media (max-width: 600px) {
  main { padding: 24px 16px 56px; }
  .pair { grid-template-columns: 1fr; }
  .trace svg { min-width: 0; }
  .trace svg text { font-size: 22px; }
  .trace svg .every-second { display: none; }
  section { margin-top: 40px; padding-top: 24px; }
}
@media print {
  :root { color-scheme: light; ${light} }
  html { font-size: 10pt; }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  h2, h3, figcaption, summary { break-after: avoid; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; background: none; }
  .trace svg { min-width: 0; }
  .charts { grid-template-columns: 1fr 1fr; gap: 20px 28px; }
  .charts.small { grid-template-columns: 1fr 1fr 1fr; gap: 12px 20px; }
  table { font-size: 7.5pt; }
  th, td { padding: 3px 9px 3px 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
