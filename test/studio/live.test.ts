// A sitting in a real browser: watch, take over by mouse, finish the task by hand, judge, record. And what happens when page or network fail.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDataset, validateDataset } from "../../src/data/index.ts";
import { taskNamed } from "../../src/sim/index.ts";
import type { Studio } from "../../src/studio/index.ts";
import { buildPage, hasChromium, launch, says, start, studioFor } from "./browser.ts";
import { bringToGoal, grabHand, until } from "./person.ts";

describe.skipIf(!hasChromium)("the Live screen", { timeout: 120_000 }, () => {
  let browser: Browser;
  let folder: string;
  let studio: Studio | undefined;
  let page: Page;

  beforeAll(async () => {
    await buildPage();
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pistar-studio-"));
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  });
  afterEach(async () => {
    await page.close();
    await studio?.close();
    studio = undefined;
    await rm(folder, { recursive: true });
  });

  const out = () => join(folder, "data");
  const open = async (options: Parameters<typeof studioFor>[1] = {}) => {
    studio = await studioFor(out(), options);
    await page.goto(studio.url);
    await says(page, ".band", /Ready/);
    return studio;
  };

  test("start, watch, take over by mouse, finish by hand, next episode, judge by key: all is in the dataset", async () => {
    const { arm } = await open({ seed: 5 });
    await start(page);
    const { object } = taskNamed("cube-in-bowl").named!(arm.world.instruction);
    await until(() => arm.world.physics.pose(object).position[2] > 0.045);
    await grabHand(page, arm);
    await says(page, ".band", /You have the arm/);
    await bringToGoal(page, arm, object, "bowl");
    await says(page, ".band", /Success/);
    await says(page, "#notice", /Saved as episode 0/);
    await says(page, "#score", /1 of 1 succeeded, 100\s%/);

    await start(page);
    await page.keyboard.press(" ");
    await says(page, ".band", /held/);
    await page.keyboard.press("f");
    await says(page, "#notice", /Saved as episode 1/);

    expect((await validateDataset(out())).filter(({ severity }) => severity === "error")).toEqual([]);
    const dataset = await openDataset(out());
    expect(dataset.episodes.map(({ extra }) => extra.episode_success)).toEqual(["success", "failure"]);
    expect(dataset.episodes[0]!.extra.episode_supervisor).toBe("person");
    const columns = await dataset.columns(0);
    const actors = columns.get("complementary_info.collector_policy_id")!.data as readonly string[];
    const corrected = Array.from(columns.get("complementary_info.is_intervention")!.data as Float32Array);
    expect(new Set(actors)).toContain("human");
    expect(corrected).toEqual(actors.map((actor) => Number(actor === "human")));
    expect(corrected[0]).toBe(0);
    await dataset.close();
  });

  test("a page that is closed: the arm holds, the episode before is there, a new page goes on", async () => {
    const { arm, url } = await open({
      patience: { hold: 500, pause: 2000, discard: 6000, picture: 10_000, input: 8000 },
    });
    await start(page);
    await page.keyboard.press("f");
    await says(page, "#notice", /Saved as episode 0/);
    await start(page);
    const token = await page.evaluate("sessionStorage.getItem('pistar studio')");
    await page.goto("about:blank");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const commanded = [...arm.world.physics.data.ctrl];
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([...arm.world.physics.data.ctrl]).toEqual(commanded);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    await page.goto(url);
    expect(await page.evaluate("sessionStorage.getItem('pistar studio')")).toBe(token);
    await says(page, "#notice", /Nobody was at the page/);
    await says(page, ".band", /Not recorded/);
    await says(page, "#score", /0 of 1/);
    await start(page);
    const dataset = await openDataset(out());
    expect(dataset.episodes).toHaveLength(1);
    await dataset.close();
  });

  test("a network that freezes during a take-over: the arm holds, the page says so, and both go on", async () => {
    let frozen = false;
    let delayed: (() => void)[] = [];
    const pass = (deliver: () => void) => (frozen ? delayed.push(deliver) : deliver());
    await page.routeWebSocket(/\/live$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => pass(() => server.send(message)));
      server.onMessage((message) => pass(() => socket.send(message)));
    });
    const { arm } = await open({
      policy: "still",
      timeLimit: 300,
      patience: { hold: 500, pause: 2000, discard: 60_000, picture: 10_000, input: 1500 },
    });
    await start(page);
    for (let moment = 0; moment < 3; moment++) {
      await says(page, ".band", moment === 0 ? /The policy acts/ : /held/);
      await page.getByRole("button", { name: /Take over/ }).click(); // once its picture is young enough
      await says(page, ".band", /You have the arm/);
      await page.keyboard.down("PageUp");
      await new Promise((resolve) => setTimeout(resolve, 200 + 150 * moment));
      frozen = true;
      await says(page, "#notice", /silent|lost/);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const commanded = [...arm.world.physics.data.ctrl];
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect([...arm.world.physics.data.ctrl]).toEqual(commanded);
      await page.keyboard.up("PageUp");
      frozen = false;
      for (const deliver of delayed) deliver(); // what the network held back arrives, too late to move anything
      delayed = [];
      await says(page, "#notice", /arm holds still: /);
    }
    await page.keyboard.press("s");
    await says(page, "#notice", /Saved as episode 0/);
  });

  test("a page that loses the focus holds the arm at once; a second page only watches until it takes the controls", async () => {
    const { url } = await open({ policy: "still" });
    await start(page);
    await page.evaluate("window.dispatchEvent(new Event('blur'))");
    await says(page, "#notice", /lost the focus/);
    const other = await (await browser.newContext()).newPage();
    await other.goto(url);
    await says(other, "#notice", /You watch/);
    await other.getByRole("button", { name: /Take the controls/ }).click();
    await says(page, "#notice", /You watch/);
    await other.getByRole("button", { name: /Discard D/ }).click();
    await says(other, ".band", /Not recorded/);
    await other.close();
  });
});
