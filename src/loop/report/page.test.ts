import { describe, expect, test } from "vitest";
import type { Audit } from "../../audit/index.ts";
import type { ArmResult, Film, Summary, TaskSummary, Trace } from "../summary.ts";
import { renderReport } from "./page.ts";

/** One grey pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mOoAQAAgQCAbK0+NAAAAABJRU5ErkJggg==";

const result: ArmResult = {
  arm: "sft",
  iteration: 0,
  episodes: 100,
  successes: 3,
  successRate: { value: 0.46, low: 0.36, high: 0.56 },
  throughput: { value: 60, low: 50, high: 71 },
  timesToSuccess: [4, 5, 9],
};

const improved: ArmResult = {
  ...result,
  arm: "recap",
  iteration: 1,
  timesToSuccess: [3, 4],
  againstSft: {
    successDifference: { value: 0.3, low: 0.1, high: 0.4 },
    p: 0.01,
    throughputRatio: null,
    failureRatio: { value: 0.44, low: 0.2, high: 0.7 },
  },
};

const trace: Trace = {
  kind: "corrected",
  episode: 7,
  fps: 10,
  instruction: "put the cube into the bowl",
  values: [-0.5, -0.4, -0.3, -0.2],
  advantages: [-0.1, 0.1, 0.2, 0],
  positive: [false, true, true, true],
  intervention: [false, true, true, false],
  pictures: [{ frame: 0, png }],
};

const task: TaskSummary = {
  task: "cube-in-bowl",
  description: "put the cube of the named colour into the bowl, past two others",
  difficulty: 0.5,
  results: [result, improved],
  gains: [{ iteration: 0, source: "demonstrations", episodes: 200, successes: 199 }],
  values: [
    {
      iteration: 1,
      heldOutCrossEntropy: 3.1,
      heldOutError: 0.1,
      baselineError: 0.2,
      firstFrameGap: null,
      auc: null,
      advantageSpread: 0.05,
      warnings: ["too flat"],
    },
  ],
  labels: [{ iteration: 1, threshold: 0.004, frames: 1000, positive: 400, forced: 50 }],
  warnings: [{ of: "cube-in-bowl/1/recap", text: "no better than repeating" }],
  traces: [trace],
};

const summary: Summary = {
  pistar: "0.1.0",
  startedAt: "2026-01-01T00:00:00Z",
  finishedAt: "2026-01-01T01:00:00Z",
  options: { seed: 3, tasks: ["cube-in-bowl"], nested: { a: 1 } },
  stages: [{ name: "collect", seconds: 90 }],
  warnings: [{ of: "pretrain/value", text: "a clock" }],
  tasks: [task],
  curves: [
    {
      stage: "cube-in-bowl/1/value",
      points: [
        { step: 10, train: 3 },
        { step: 20, train: 2, heldOut: 2.5 },
      ],
    },
  ],
};

/** Checks that every element is closed in order, which a browser would forgive. */
function expectWellFormed(page: string): void {
  const open: string[] = [];
  const empty = new Set(["meta", "path", "circle", "rect", "img", "input", "!doctype"]);
  for (const [, end, name] of page
    .replace(/<style>.*<\/style>|<script>.*<\/script>/gs, "")
    .matchAll(/<(\/?)([a-z0-9!]+)/gi)) {
    if (empty.has(name!)) continue;
    if (end) expect(open.pop(), `</${name}>`).toBe(name);
    else open.push(name!);
  }
  expect(open).toEqual([]);
}

function render(of: Summary, pictures?: Parameters<typeof renderReport>[1]): string {
  const page = renderReport(of, pictures);
  expectWellFormed(page);
  expect(page).not.toMatch(/NaN|Infinity|undefined|\[object|https?:/);
  expect(page.match(/<script/g)).toHaveLength(1);
  return page;
}

test("the verdict is the first line of a page that needs nothing else", () => {
  const page = render(summary);
  expect(page).toMatch(
    /<main>\s*<h1 class="better"><strong>RECAP made cube-in-bowl better<\/strong>: 46\u00a0%\u00a0→/,
  );
  expect([...page.matchAll(/(?:src|href)="([^"]{0,12})/g)].map((match) => match[1])).toEqual([
    "data:image/p",
    "#warnings",
  ]);
});

test("a task says how hard it was, and beside each policy how many of SFT's failures are left", () => {
  const page = render(summary);
  expect(page).toContain("<p>put the cube of the named colour into the bowl, past two others; difficulty 0.5</p>");
  expect(page).toContain('<td class="figures">×0.44\u00a0(0.20\u00a0…\u00a00.70)</td>');
});

test("warnings stand before the first task", () => {
  const page = render(summary);
  for (const warning of ["too flat", "a clock", "no better than repeating"]) {
    expect(page.indexOf(warning)).toBeGreaterThan(0);
    expect(page.indexOf(warning)).toBeLessThan(page.indexOf('<section id="task-'));
  }
});

test("all text is escaped", () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const page = render({
    ...summary,
    pistar: evil,
    startedAt: evil,
    options: { [evil]: evil },
    stages: [{ name: evil, seconds: 1 }],
    curves: [{ stage: evil, points: [{ step: 1, train: 1 }] }],
    tasks: [
      {
        ...task,
        task: evil,
        description: evil,
        results: [{ ...result, arm: evil }],
        values: [{ ...task.values[0]!, warnings: [evil] }],
        traces: [{ ...trace, instruction: evil, pictures: [{ frame: 0, png: evil }] }],
      },
    ],
  });
  expect(page).not.toContain("<img");
  expect(page).not.toContain('onerror="');
  expect(page.match(/&lt;img src=x onerror=&quot;alert\(&#39;1&#39;\)&quot;&gt;&amp;/g)!.length).toBeGreaterThan(10);
});

describe("a trace", () => {
  test("bars by word, interventions as a band, pictures at their time", () => {
    const page = render(summary);
    expect(page.match(/<path class="positive"[^>]* d="([^"]*)"/)![1]!.match(/M/g)).toHaveLength(3);
    expect(page.match(/<path class="negative"[^>]* d="([^"]*)"/)![1]!.match(/M/g)).toHaveLength(1);
    const [, x, width] = page.match(/<rect class="acted" x="([\d.]+)"[^>]* width="([\d.]+)"/)!;
    // Frames 1 and 2 of four: from a quarter to three quarters of the axis, 58 to 886.
    expect(Number(x)).toBeCloseTo(58 + 828 / 4);
    expect(Number(width)).toBeCloseTo(828 / 2);
    expect(page.match(/<image /g)).toHaveLength(1);
  });

  test("no traces, no chapter on them", () => {
    const page = render({ ...summary, tasks: [{ ...task, traces: [] }] });
    expect(page).not.toContain("Episodes under the value function");
    expect(page).not.toContain('class="trace"');
  });

  test("no pictures, no values, no frame rate", () => {
    render({ ...summary, tasks: [{ ...task, traces: [{ ...trace, pictures: [] }] }] });
    render({
      ...summary,
      tasks: [{ ...task, traces: [{ ...trace, values: [], advantages: [], positive: [], intervention: [] }] }],
    });
    expect(render({ ...summary, tasks: [{ ...task, traces: [{ ...trace, fps: 0 }] }] })).toContain(">Frame</text>");
  });
});

test("RECAP stands beside each control, and one that does better is named in the first line", () => {
  const by = (value: number) => ({ successDifference: { value, low: value - 0.1, high: value + 0.1 }, p: 0.04 });
  const control = (arm: string, value: number) => ({
    ...improved,
    arm,
    recapAgainst: { ...by(value), throughputRatio: { value: 1.2, low: 1.1, high: 1.3 }, failureRatio: null },
  });
  const results = [result, improved, control("filtered", -0.2), control("awr", 0.05)];
  const page = render({ ...summary, tasks: [{ ...task, results }] });
  expect(page).toMatch(
    /<h1 class="better"><strong>RECAP made cube-in-bowl better; filtered cloning does better \(RECAP −20 points/,
  );
  const table = page.match(/RECAP against each control.*?<\/table>/s)![0];
  expect(table.match(/<th scope="row"/g)).toHaveLength(2);
  expect(table).toMatch(/\+5\s\(−5\s…\s\+15\)/);
  expect(render(summary)).not.toContain("RECAP against each control");
  const several = render({
    ...summary,
    tasks: [
      { ...task, results },
      { ...task, task: "stack-cubes" },
    ],
  });
  expect(several).toContain(
    "made cube-in-bowl and stack-cubes better; filtered cloning does better on cube-in-bowl</strong></h1>",
  );
});

test("commands for the policies end the report; several tasks are told apart", () => {
  // The seeds of a run with seed 1 begin at 202 million; a hundred of them were evaluated.
  const seeded = render({ ...summary, options: { seed: 1, evaluation: 100 } });
  expect(seeded).toContain("pistar eval --policy RUN --task cube-in-bowl --seed 202000100<");
  const several = render({ ...summary, options: { iterations: 2 }, tasks: [task, { ...task, task: "stack-cubes" }] });
  expect(several).toContain("pistar serve RUN:cube-in-bowl<");
  expect(several).toContain("pistar recap --resume --out RUN --iterations 3<");
  expect(render({ ...summary, tasks: [{ ...task, results: [result] }] })).not.toContain("Use it");
});

test("an unfinished run says so, whatever it lacks", () => {
  const bare: TaskSummary = {
    task: "a",
    description: "",
    difficulty: 0,
    results: [],
    gains: [],
    values: [],
    labels: [],
    warnings: [],
    traces: [],
  };
  const page = render({ ...summary, finishedAt: null, options: {}, stages: [], curves: [], tasks: [bare] });
  expect(page).toContain(
    "<strong>Unfinished run: RECAP cannot be judged on a yet</strong>: no policy has been evaluated",
  );
  render({ ...summary, finishedAt: null, tasks: [] });
});

describe("films", () => {
  const filmed = { fps: 5, values: [-0.5, -0.25, -0.1, -0.05], sheet: "films/a.webp", columns: 2, seconds: 0.6 };
  const film: Film = {
    seed: 7,
    instruction: "put the cube into the bowl",
    before: { ...filmed, arm: "sft", iteration: 0, success: false, sheet: "films/sft.webp" },
    after: { ...filmed, arm: "recap", iteration: 1, success: true, sheet: "films/recap.webp" },
  };
  const filmedTask = { ...task, films: [film, { ...film, seed: 9, after: { ...film.after, success: false } }] };

  test("both policies side by side, the value under each, on one clock", () => {
    const page = render({ ...summary, tasks: [filmedTask] }, (path) => Buffer.from(path).toString("base64"));
    expect(page.match(/<details class="film"/g)).toHaveLength(2);
    expect(page).toContain('id="film-cube-in-bowl-7" open>');
    expect(page).toMatch(/Seed 7: <strong>RECAP alone succeeds<\/strong>.*Seed 9: <strong>neither succeeds/s);
    const sheets = [...page.matchAll(/image\/webp;base64,([^"]*)/g)].map((match) => atob(match[1]!));
    expect(sheets.slice(0, 2)).toEqual(["films/sft.webp", "films/recap.webp"]);
    // Pictures at 0, 0.2, 0.4 s and at the end; the axis from 38 to 376 is 0.6 s long, and values from 0 to −1 stand at 24 to 100.
    expect(page).toContain('d="M38 62L150.67 43L263.33 31.6L376 27.8"');
  });

  test("successes in the chart of times lead to them; the times of episodes that both solve are told", () => {
    const after = { ...improved, bothSolved: { episodes: 26, before: 7.7, after: 7.1 } };
    const page = render({ ...summary, tasks: [{ ...filmedTask, results: [result, after] }] }, () => "");
    expect(page.match(/<a href="#film-cube-in-bowl-7"><path class="filmed"/g)).toHaveLength(1);
    expect(page).not.toContain('<a href="#film-cube-in-bowl-9"><path class="filmed"');
    expect(page).toMatch(/26 episodes that both solve, the median is 7\.7\ss for SFT and 7\.1\ss for RECAP/);
  });

  test("without their pictures they are left out", () => {
    expect(render({ ...summary, tasks: [filmedTask] })).not.toContain('class="film"');
  });
});

test("several tasks have a line each", () => {
  const page = render({ ...summary, tasks: [task, { ...task, task: "stack-cubes" }] });
  expect(page).toContain("<strong>RECAP made cube-in-bowl and stack-cubes better</strong></h1>");
  expect(page.match(/<li class="better">/g)).toHaveLength(2);
});

test("numbers that are not finite are dashes, also as null from JSON", () => {
  const none = { value: Number.NaN, low: Number.NaN, high: Infinity };
  const lost: Summary = {
    ...summary,
    curves: [
      {
        stage: "a",
        points: [
          { step: 1, train: Number.NaN },
          { step: 2, train: 1, heldOut: Infinity },
        ],
      },
    ],
    tasks: [
      {
        ...task,
        results: [
          { ...result, successRate: none, throughput: none, timesToSuccess: [] },
          {
            ...improved,
            successRate: none,
            timesToSuccess: [],
            throughput: none,
            againstSft: { successDifference: none, p: Number.NaN, throughputRatio: none, failureRatio: none },
          },
        ],
        values: [{ ...task.values[0]!, heldOutError: Number.NaN }],
        labels: [{ ...task.labels[0]!, frames: 0, positive: 0 }],
        gains: [{ iteration: 1, source: "autonomous", episodes: 0, successes: 0 }],
        traces: [{ ...trace, values: [-0.5, Number.NaN, -0.3, -0.2], advantages: [Number.NaN, 0.1, 0.2, 0] }],
      },
    ],
  };
  for (const form of [lost, JSON.parse(JSON.stringify(lost)) as Summary]) {
    const page = render(form);
    expect(page).toContain(
      "RECAP is not shown to be better on cube-in-bowl</strong>: –\u00a0→\u00a0– of episodes succeed",
    );
    expect(page.replace(/<section id="losses">.*/s, "")).not.toMatch(/class="(dot|whisker|reference)"/);
  }
});

describe("audits", () => {
  const at = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
  const group = { moments: 40, trulyPositive: 0.4 };
  const audit: Audit = {
    of: "policy",
    policy: "cube-in-bowl/0/sft",
    valueName: "cube-in-bowl/1/value",
    episodes: 10,
    ofEpisodes: 30,
    moments: 80,
    runs: 320,
    troubled: 0,
    value: {
      correlation: at(0.7),
      clock: at(0.4),
      difference: at(0.3),
      error: at(0.2),
      bias: at(0.18),
      spread: 0.3,
      reliability: 0.8,
      hopeless: 0.5,
      calibration: [{ moments: 80, value: -0.5, truth: at(-0.6) }],
      sources: [],
      beforeRescue: { moments: 12, value: -0.2, truth: at(-0.8), returned: -0.3 },
    },
    advantage: {
      lookahead: 1,
      correlation: at(0.1),
      signs: at(0.6),
      negative: 0.7,
      spread: 0.1,
      estimatedSpread: 0.1,
      reliability: 0.5,
    },
    labels: {
      tag: "iteration-1",
      groups: [
        { label: "positive", ...group, advantage: at(0.02) },
        { label: "negative", ...group, advantage: { value: -0.04, low: Number.NaN, high: Number.NaN } },
        { label: "positive", success: false, ...group, advantage: at(-0.05) },
      ],
      share: 0.5,
      hopeless: 0.6,
      gain: at(0.06),
      byTruth: at(0.2),
    },
  };
  const page = renderReport(summary, undefined, [
    { task: task.task, iteration: 1, audit },
    { task: "another task", iteration: 1, audit },
  ]);

  test("stand in their task: the verdict, the rescue, the diagonal, and every group", () => {
    expect(page.match(/Beside the truth: iteration 1/g)).toHaveLength(1);
    expect(page).toContain("its correlation with the true value is 0.70, the clock’s 0.40");
    expect(page).toContain("The labels are not shown to choose better frames than chance");
    expect(page).toContain("60\u00a0% of the positive frames lie where no run of the policy succeeded");
    expect(page).toContain("the policy alone is worth −0.80, with the supervisor it came to −0.30, and V says −0.20");
    expect(page).toContain("V −0.50, truth −0.60, 80 moments");
    expect(page.match(/Positive, 40 moments/g)).toHaveLength(2);
    expect(page).not.toMatch(/NaN|undefined/);
  });
});
