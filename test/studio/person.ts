// What a person does with the mouse: looks at the picture, grabs the hand, drags, turns the wheel. It sees the scene through the simulation.
import type { Page } from "playwright-core";
import type { Studio } from "../../src/studio/index.ts";

type Arm = Studio["arm"];
type Point = readonly [number, number];

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is true in the simulation. */
export async function until(holds: () => boolean, timeout = 40_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!holds()) {
    if (performance.now() > end) throw new Error("It did not come true in time");
    await sleep(20);
  }
}

/** The pixel of the page for a place in the front picture. */
async function pixel(page: Page, [u, v]: Point): Promise<Point> {
  const box = (await page.getByLabel("Camera front").boundingBox())!;
  return [box.x + u * box.width, box.y + v * box.height];
}

export async function grabHand(page: Page, { hand }: Arm): Promise<void> {
  await page.mouse.move(...(await pixel(page, hand.inPicture())));
  await page.mouse.down();
}

/** Drags a held object over its goal, lowers it by the wheel, and opens the jaws. */
export async function bringToGoal(page: Page, { hand, world }: Arm, object: string, goal: string): Promise<void> {
  const place = (body: string) => world.physics.pose(body).position;
  let at = hand.inPicture();
  for (let i = 0; i < 60; i++) {
    const [x, y] = place(goal);
    const [cubeX, cubeY, height] = place(object);
    if (Math.hypot(x - cubeX, y - cubeY) < 0.01 && height > 0.05) break;
    const [here, there] = [hand.project([cubeX, cubeY, height]), hand.project([x, y, height])];
    at = [at[0] + 0.5 * (there[0] - here[0]), at[1] + 0.5 * (there[1] - here[1])];
    await page.mouse.move(...(await pixel(page, at)), { steps: 3 });
    if (height < 0.06) await page.mouse.wheel(0, -100);
    await sleep(120);
  }
  for (let i = 0; i < 20 && place(object)[2] > 0.045; i++) {
    await page.mouse.wheel(0, 100);
    await sleep(150);
  }
  await page.keyboard.down("h");
  await sleep(1200);
  await page.keyboard.up("h");
  for (let i = 0; i < 6; i++) {
    await page.mouse.wheel(0, -100);
    await sleep(80);
  }
  await sleep(500);
  await page.mouse.up();
}
