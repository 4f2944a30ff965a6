// Task: put the square peg into the hole of the block of the named colour. The other block has the same hole.
import { type Arm, centredOn, closingYaw, type Motion, opening } from "../arm.ts";
import { type Element, element } from "../mjcf.ts";
import type { Physics, Pose } from "../physics.ts";
import { placeObjects, type Region, shoulderX } from "../placement.ts";
import type { Attempt, Task } from "../task.ts";
import { type Colour, isReleased, isStill, paints, putDown } from "./cubes.ts";
import { sameTurn, yawOf } from "./turns.ts";

/** Half the peg's width and height, metres. */
const peg = { half: 0.01, halfHeight: 0.025 };
/**
 * Half the hole's width (3 mm around the peg, as in ManiSkill's PegInsertionSide), the thickness of the walls, and the
 * block's height, metres.
 */
const hole = { half: 0.013, wall: 0.01, depth: 0.024 };

const holders = ["red", "blue"] as const satisfies readonly Colour[];
type Holder = (typeof holders)[number];
const blockOf = (colour: Holder) => `${colour} block`;

/** A block with four walls and a dark, only visible ground. It is fixed, so no push makes up for a bad aim. */
function block(colour: Holder, y: number): Element {
  const { half, wall, depth } = hole;
  const [across, along] = [half + wall / 2, (half + wall + half) / 2];
  const walls = [0, 1, 2, 3].map((side) => {
    const [cos, sin] = [Math.cos((side * Math.PI) / 2), Math.sin((side * Math.PI) / 2)];
    return element("geom", {
      type: "box",
      size: [wall / 2, along, depth / 2],
      pos: [across * cos - (wall / 2) * sin, across * sin + (wall / 2) * cos, depth / 2],
      euler: [0, 0, (side * Math.PI) / 2],
      rgba: paints[colour],
      friction: [0.3, 0.005, 0.0001],
    });
  });
  const ground = element("geom", {
    type: "box",
    size: [half, half, 0.0005],
    contype: 0,
    conaffinity: 0,
    rgba: [0.08, 0.08, 0.08, 1],
  });
  return element("body", { name: blockOf(colour), mocap: true, pos: [0.2, y, 0] }, [...walls, ground]);
}

const instructionOf = (holder: Holder) => `put the peg into the hole of the ${holder} block`;
const holderOf = (instruction: string) => holders.find((holder) => instruction === instructionOf(holder))!;

/** A little less than the arm's reach: the hand stays upright over it, even with the peg. */
const region: Region = { radius: [0.16, 0.25], angle: [-0.9, 0.9] };

/** The task "peg-in-hole". */
export const pegInHole: Task = {
  name: "peg-in-hole",
  description: "put the square peg into the hole of the block of the named colour, which fits it closely",
  scene: {
    objects: [
      ...holders.map((holder, i) => block(holder, 0.1 * i)),
      element("body", { name: "peg", pos: [0.2, -0.1, peg.halfHeight] }, [
        element("freejoint"),
        element("geom", {
          type: "box",
          size: [peg.half, peg.half, peg.halfHeight],
          mass: 0.02,
          rgba: paints.green,
          friction: [0.3, 0.005, 0.0001],
          solref: [0.006, 1], // the peg is so light that the hand would press it into the table
        }),
      ]),
    ],
  },
  instructions: holders.map(instructionOf),
  timeLimit: 20,
  difficulty: 0.1,
  objects: ["peg"],

  arrange(physics, random, difficulty, instruction) {
    const corner = Math.SQRT2 * (hole.half + hole.wall);
    const places = placeObjects(
      random,
      [
        { body: "peg", radius: Math.SQRT2 * peg.half, home: { radius: 0.2, angle: 0 } },
        { body: blockOf("red"), radius: corner, home: { radius: 0.2, angle: 0.5 } },
        { body: blockOf("blue"), radius: corner, home: { radius: 0.2, angle: -0.5 } },
      ],
      { region, spread: difficulty, gap: 0.02 },
    );
    for (const place of places) putDown(physics, place, place.body === "peg" ? peg.halfHeight : 0);
    const drawn = instructionOf(holders[random.integer(holders.length)]!);
    return instruction ?? drawn;
  },

  named: (instruction) => ({ object: "peg", goal: blockOf(holderOf(instruction)) }),

  reached(physics, instruction) {
    return isIn(physics, blockOf(holderOf(instruction))) && isStill(physics, "peg") && isReleased(physics, "peg");
  },

  // A toppled peg counts as lost: standing it up and inserting it takes all the time, if it succeeds.
  isLost: isToppled,

  isAtRisk: (physics, arm) => isOnWall(physics) || isBeside(physics, arm),

  *demonstrate(attempt) {
    const { world, arm, instruction, style } = attempt;
    const { physics } = world;
    const holder = blockOf(holderOf(instruction));
    for (let tries = 0; tries < style.tries && !pegInHole.reached(physics, instruction); tries++) {
      arm.doing = "set the peg upright";
      if (isToppled(physics)) yield* right(attempt);
      arm.doing = "pick up the peg";
      if (!arm.holds("peg") && !isToppled(physics)) yield* pick(attempt);
      if (!arm.holds("peg")) continue;
      arm.doing = `put the peg in the ${holder}`;
      yield* insert(attempt, holder);
    }
    yield* arm.wait(1);
  },
};

/**
 * Whether the peg stands upright in a block's hole and nearly touches the ground. On a wall or leaning, it is higher.
 */
function isIn(physics: Physics, holder: string): boolean {
  const at = physics.pose("peg");
  const [x, y] = physics.pose(holder).position;
  const [px, py, pz] = at.position;
  const upright = Math.abs(axisOf(at)[2]) > Math.cos(0.15);
  return upright && Math.hypot(px - x, py - y) < 0.004 && Math.abs(pz - peg.halfHeight) < 0.003;
}

function isToppled(physics: Physics): boolean {
  return Math.abs(axisOf(physics.pose("peg"))[2]) < 0.7;
}

/** Whether the peg's lower end is on a block's walls, not over its hole. Released, it would fall off. */
function isOnWall(physics: Physics): boolean {
  const [x, y, z] = endOf(physics.pose("peg"));
  return holders.some((holder) => {
    const [holeX, holeY] = physics.pose(blockOf(holder)).position;
    const aside = Math.hypot(x - holeX, y - holeY);
    return aside > 0.004 && aside < hole.half + hole.wall + peg.half && Math.abs(z - hole.depth) < 0.008;
  });
}

/** Whether the open jaws are down at the standing peg, with the peg off their middle. Closing, they may tip it over. */
function isBeside(physics: Physics, arm: Arm): boolean {
  const [px, py, pz] = physics.pose("peg").position;
  const [handX, handY, handZ] = arm.position;
  const [x, y] = centredOn({ x: px, y: py }, arm.yaw, arm.gap);
  const aside = Math.hypot(handX - x, handY - y);
  const isDown = handZ < 2 * peg.halfHeight + 0.02 && pz < peg.halfHeight + 0.005;
  return isDown && arm.gap > 2 * peg.half && aside > 0.012 && aside < 0.04 && !arm.holds("peg");
}

/** The peg's long axis: a unit vector. */
function axisOf({ quaternion: [w, x, y, z] }: Pose): readonly [number, number, number] {
  return [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x ** 2 + y ** 2)];
}

/** Opening of the jaws around the peg, metres, and their angles when open and when pressing, radians. */
const around = 0.045;
const wide = opening(around);
const tight = opening(0.01);
/** Height of the gripper on its way over the table, and its height over the peg's middle in a grasp, metres. */
const carry = 0.09;
const grasp = 0.013;

/**
 * Picks up the peg: comes from above or continues from where it is, closes and lifts. It may fail: check whether the
 * arm holds it.
 */
function* pick({ world, arm, style, random }: Attempt): Motion {
  const at = world.physics.pose("peg");
  const stray = (scale = 1) => scale * style.sloppiness * random.normal();
  const [px, py, pz] = [at.position[0] + stray(), at.position[1] + stray(), at.position[2]];
  const yaw = closingYaw(yawOf(at), px, py) + stray(20);
  const [x, y] = centredOn({ x: px, y: py }, yaw, around);
  if (!arm.isOver([x, y, pz + grasp], 0.035)) {
    yield* arm.clear();
    yield* arm.grip(wide);
    yield* arm.reach({ position: [x, y, pz + grasp + 0.06], yaw });
  }
  yield* arm.slide({ position: [x, y, pz + grasp], yaw });
  yield* arm.grip(tight);
  yield* arm.slide({ position: [x, y, carry], yaw });
}

/**
 * Place for standing up a toppled peg, metres from the shoulder axis, and the hand's outward lean meanwhile, radians.
 */
const stand = { radius: 0.27, lean: 1.5 };

/**
 * Stands up a lying peg. The hand lifts it near an end, turns until its fingers point outward and the peg is upright,
 * and puts it down at the freest place between the blocks. It may fail: check whether the peg stands.
 */
function* right({ world, arm, style, random }: Attempt): Motion {
  const { physics } = world;
  const at = physics.pose("peg");
  const [px, py, pz] = at.position;
  const [ax, ay] = axisOf(at);
  // The closing direction is across the peg, to the arm's right. That way the later turn is smaller.
  const rightward = Math.atan2(py, px - shoulderX) - Math.PI / 2;
  const yaw = rightward + sameTurn(Math.atan2(ay, ax) + Math.PI / 2 - rightward, 2);
  const [ux, uy] = [Math.cos(yaw), Math.sin(yaw)];
  const stray = () => style.sloppiness * random.normal();
  // A grasp nearer to the later upper end. u is the closing direction, (-u_y, u_x) points along the peg.
  const [cx, cy] = centredOn({ x: px, y: py }, yaw, around);
  const [x, y] = [cx - 0.008 * uy + stray(), cy + 0.008 * ux + stray()];
  yield* arm.grip(wide);
  yield* arm.reach({ position: [x, y, pz + 0.06], yaw });
  yield* arm.slide({ position: [x, y, pz + 0.004], yaw });
  yield* arm.grip(tight);
  yield* arm.slide({ position: [x, y, carry], yaw });
  if (!arm.holds("peg")) return;
  const angle = freeAngle(physics);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const leaning = (radius: number, z: number, lean = stand.lean) => ({
    position: [shoulderX + radius * cos, radius * sin, z] as const,
    approach: [Math.sin(lean) * cos, Math.sin(lean) * sin, -Math.cos(lean)] as const,
    yaw: angle - Math.PI / 2,
  });
  yield* arm.reach(leaning(stand.radius, carry));
  const z = arm.position[2] - endOf(physics.pose("peg"))[2] + 0.001;
  yield* arm.slide(leaning(stand.radius, z));
  yield* arm.grip(wide);
  yield* arm.slide(leaning(stand.radius - 0.06, z + 0.02, 1));
  yield* arm.rise(carry + 0.02);
}

/** The direction in front of the arm farthest from both blocks, radians from straight ahead. */
function freeAngle(physics: Physics): number {
  const blocks = holders.map((holder) => physics.pose(blockOf(holder)).position);
  const room = (angle: number) => Math.min(...blocks.map(([x, y]) => Math.abs(Math.atan2(y, x - shoulderX) - angle)));
  const angles = Array.from({ length: 17 }, (_, i) => (i - 8) / 8);
  return angles.reduce((a, b) => (room(b) > room(a) ? b : a));
}

/** Looks at a missed hole before giving up, and the peg's height over or in the block at each, metres. */
const looks = 6;
const near = 0.004;

/**
 * Carries the held peg over a hole and lowers it. If it stands on the edge, the hand lifts it, looks at peg and hole
 * again and aims anew. A sloppy aim halves its error each time.
 */
function* insert({ world, arm, style, random }: Attempt, holder: string): Motion {
  const { physics } = world;
  const goal = physics.pose(holder);
  const [x, y] = goal.position;
  let yaw = closingYaw(yawOf(goal), x, y);
  const miss = [style.sloppiness * random.normal(), style.sloppiness * random.normal()] as const;
  const [endX, endY] = endOf(physics.pose("peg"));
  if (Math.hypot(endX - x, endY - y) > 0.012) yield* arm.reach({ position: [x, y, carry], yaw });
  for (let look = 0; look < looks; look++) {
    const held = physics.pose("peg");
    const end = endOf(held);
    const site = arm.position;
    const turn = sameTurn(yawOf(goal) - yawOf(held), 4);
    yaw += turn;
    // The gripper's place for the peg's end over the hole. Peg and gripper turn about one another.
    const [dx, dy] = [site[0] - end[0], site[1] - end[1]];
    const aimX = x + miss[0] * 0.5 ** look + dx * Math.cos(turn) - dy * Math.sin(turn);
    const aimY = y + miss[1] * 0.5 ** look + dx * Math.sin(turn) + dy * Math.cos(turn);
    const at = (z: number) => ({ position: [aimX, aimY, site[2] + z - end[2]] as const, yaw });
    if (end[2] > hole.depth - near / 2) {
      yield* arm.slide(at(hole.depth + near));
      yield* arm.slide(at(hole.depth - near), 0.4);
    }
    if (endOf(physics.pose("peg"))[2] < hole.depth - near / 2) {
      yield* arm.slide(at(0.001), 0.4);
      yield* arm.grip(wide);
      yield* arm.rise(carry);
      yield* arm.wait(0.3);
      return;
    }
    yield* arm.slide(at(hole.depth + near));
  }
}

/** The middle of the peg's lower end. */
function endOf(at: Pose): readonly [number, number, number] {
  const [ax, ay, az] = axisOf(at);
  const down = -Math.sign(az) * peg.halfHeight;
  const [x, y, z] = at.position;
  return [x + down * ax, y + down * ay, z + down * az];
}
