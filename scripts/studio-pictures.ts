// Makes the pictures of docs/studio.md: a sitting in Chromium, at the size of a laptop and of a tablet. npm run studio:pictures
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { taskNamed } from "../src/sim/index.ts";
import { buildPage, launch, says, studioFor } from "../test/studio/browser.ts";
import { grabHand, until } from "../test/studio/person.ts";

const { values } = parseArgs({
  options: { out: { type: "string", default: "docs/studio" }, value: { type: "string" } },
});

const screens = [
  { name: "laptop", viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  { name: "tablet", viewport: { width: 820, height: 1180 }, colorScheme: "dark" },
] as const;

const out = resolve(values.out);
const value = values.value && resolve(values.value);
await buildPage();
const browser = await launch();
for (const { name, ...look } of screens) {
  const folder = await mkdtemp(join(tmpdir(), "pistar-pictures-"));
  process.chdir(folder); // the page shows the dataset's path
  const studio = await studioFor("data/studio", { seed: 5, ...(value !== undefined && { value }) });
  const page = await browser.newPage(look);
  const picture = (what: string) => page.screenshot({ path: join(out, `${what}-${name}.png`) });
  await page.goto(studio.url);
  await says(page, ".band", /Ready/);
  await page.keyboard.press("n");
  await says(page, ".band", /The policy acts/);
  const { object } = taskNamed("cube-in-bowl").named!(studio.arm.world.instruction);
  await until(() => studio.arm.world.physics.pose(object).position[2] > 0.03);
  await picture("policy");
  await grabHand(page, studio.arm);
  await says(page, ".band", /You have the arm/);
  await picture("you");
  await page.mouse.up();
  await page.keyboard.press("t");
  await says(page, ".band", /held/);
  await page.keyboard.press("f");
  await says(page, "#notice", /Saved as episode/);
  await picture("ended");
  await page.close();
  await studio.close();
  process.chdir(out);
  await rm(folder, { recursive: true });
}
await browser.close();
