// Placement of objects at the start of an episode: uniform over a reachable part of the table, without overlaps.
import type { Random } from "../system/index.ts";

/** A sector of a ring around the arm's shoulder axis at x = 0.0388 m, y = 0. */
export interface Region {
  /** Metres from the axis. */
  readonly radius: readonly [number, number];
  /** Radians from straight ahead, counter-clockwise seen from above. */
  readonly angle: readonly [number, number];
}

/** The region that the gripper reaches from straight above, with room to spare. */
export const withinReach: Region = { radius: [0.15, 0.26], angle: [-0.9, 0.9] };

/** An object to place. */
export interface Footprint {
  readonly body: string;
  /** Radius of the circle around it that no other object may enter, metres. */
  readonly radius: number;
  /**
   * Place without variation: metres from the shoulder axis, radians from straight ahead. Default: the region's middle.
   */
  readonly home?: { readonly radius: number; readonly angle: number };
}

/** Options of `placeObjects`. */
export interface PlacementOptions {
  readonly region?: Region;
  /** Least distance between two circles, metres. */
  readonly gap?: number;
  /**
   * Spread of the places: 1 for the whole region and all directions, 0 for home with yaw 0, a share of the way in
   * between.
   */
  readonly spread?: number;
}

/** A place on the table. */
export interface Placement {
  readonly body: string;
  /** Metres on the table. */
  readonly x: number;
  readonly y: number;
  /** Rotation about z, radians. */
  readonly yaw: number;
}

/** The shoulder axis on the table, metres along x. */
export const shoulderX = 0.0388353;

/**
 * Places all objects in `region`, at least `gap` metres between their circles. Overlapping draws are repeated.
 * @throws Error after 1000 tries: the region is too small for the objects
 */
export function placeObjects(
  random: Random,
  objects: readonly Footprint[],
  { region = withinReach, gap = 0.01, spread = 1 }: PlacementOptions = {},
): Placement[] {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const placed = objects.map((object) => draw(random, object, region, spread));
    if (
      placed.every((a, i) =>
        placed.every((b, j) => j >= i || apart(a, b) >= objects[i]!.radius + objects[j]!.radius + gap),
      )
    )
      return placed;
  }
  throw new Error(
    `Found no place for ${objects.map(({ body }) => body).join(", ")} in 1000 tries: use a larger region, fewer or smaller objects`,
  );
}

function draw(random: Random, { body, home }: Footprint, { radius, angle }: Region, spread: number): Placement {
  const [near, far] = radius;
  const [right, left] = angle;
  const distance = Math.sqrt(near ** 2 + random.uniform() * (far ** 2 - near ** 2)); // uniform by area
  const to = onTable(distance, right + random.uniform() * (left - right));
  const from = home ? onTable(home.radius, home.angle) : onTable((near + far) / 2, (right + left) / 2);
  return {
    body,
    x: from.x + spread * (to.x - from.x),
    y: from.y + spread * (to.y - from.y),
    yaw: spread * random.uniform() * 2 * Math.PI,
  };
}

function onTable(radius: number, angle: number): { readonly x: number; readonly y: number } {
  return { x: shoulderX + radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

function apart(a: Placement, b: Placement): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
