// A Chromium and a studio for tests.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { openStudio, type Studio, type StudioOptions, studioOptions } from "../../src/studio/index.ts";

const executablePath = "/usr/bin/chromium";

/** Tests in a browser are skipped without Debian's Chromium. */
export const hasChromium = existsSync(executablePath);
if (!hasChromium) console.warn(`No ${executablePath}: the studio is not tested in a browser`);

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

/** Builds the page as `npm run build` does. */
export async function buildPage(): Promise<void> {
  await build({ root: "src/studio/page", configFile: "src/studio/page/vite.config.ts", logLevel: "error" });
}

/** A machine that tests is slow: pictures may be old, and silence lasts. The times themselves are tested with a clock in hand. */
const patience = { hold: 2000, pause: 10_000, discard: 60_000, picture: 10_000, input: 8000 };

export const studioFor = (out: string, { patience: own, ...given }: Partial<StudioOptions> = {}): Promise<Studio> =>
  openStudio({ ...studioOptions.parse({ out, port: 0, ...given }), patience: { ...patience, ...own } });

/** Waits until the page says so. */
export const says = (page: Page, selector: string, text: RegExp, timeout = 30_000): Promise<void> =>
  page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout });

/** Starts an episode. A slow machine may have refused the first press as too late. */
export async function start(page: Page, shown = /The policy acts/): Promise<void> {
  await page.getByRole("button", { name: /episode/ }).click();
  await says(page, ".band", shown, 10_000).catch(async () => {
    await page.keyboard.press("n");
    await says(page, ".band", shown);
  });
}
