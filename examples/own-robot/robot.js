// A robot of one's own for `pistar collect` and `pistar eval`: an arm with two joints that looks down on a table and touches a red dot.
//
//     pistar collect --robot robot.js --task touch --policy demonstrator --episodes 50 --out data/touch
//     pistar eval --robot robot.js --task touch --policy runs/touch --workers 1
//
// Here the arm is a dozen lines of arithmetic, so that the example runs anywhere. For a real one, `bus` reads and writes your motors and
// `picture` reads your camera; `realTime` is true, and `act` waits for the next tick.
// @ts-check

/** @typedef {import("pistar/robot")} Interfaces */

const fps = 25;
const size = 64;
/** Metres from joint to joint. */
const links = [0.2, 0.2];
const joints = [
  { name: "shoulder.pos", range: /** @type {const} */ ([-90, 90]) },
  { name: "elbow.pos", range: /** @type {const} */ ([0, 150]) },
];

/** In place of motors: positions in degrees, which follow their goals by at most 8 degrees a period. */
const bus = {
  positions: Float32Array.of(0, 90),
  /** @param {ArrayLike<number>} goals */
  write(goals) {
    this.positions = this.positions.map(
      (at, i) => at + Math.max(-8, Math.min(8, /** @type {number} */ (goals[i]) - at)),
    );
  },
};

/** Where the hand is, in metres. @param {ArrayLike<number>} degrees */
function hand([shoulder = 0, elbow = 0]) {
  const [a, b] = [(shoulder * Math.PI) / 180, ((shoulder + elbow) * Math.PI) / 180];
  return [links[0] * Math.cos(a) + links[1] * Math.cos(b), links[0] * Math.sin(a) + links[1] * Math.sin(b)];
}

/** In place of a camera: the hand blue and the dot red, on grey. @param {number[]} dot */
function picture(dot) {
  const data = new Uint8Array(size * size * 3).fill(128);
  for (const [[x = 0, y = 0], channel] of /** @type {const} */ ([
    [hand(bus.positions), 2],
    [dot, 0],
  ])) {
    const [column, row] = [Math.round(size / 2 + (x * size) / 1), Math.round(size / 2 - (y * size) / 1)];
    for (let v = Math.max(0, row - 2); v <= Math.min(size - 1, row + 2); v++)
      for (let u = Math.max(0, column - 2); u <= Math.min(size - 1, column + 2); u++)
        data.set(
          [0, 0, 0].map((_, i) => (i === channel ? 255 : 0)),
          3 * (v * size + u),
        );
  }
  return { width: size, height: size, data };
}

/** @type {import("pistar/robot").Stations} */
export const stations = {
  setting: ({ task, difficulty = 1, randomise }) => {
    if (task !== "touch") throw new Error(`Expected the task touch, got ${task}`);
    return { task, difficulty, randomise };
  },

  async open({ difficulty }) {
    /** Angles that put the hand on the dot. */
    let answer = [0, 90];
    let dot = hand(answer);
    const touches = () => Math.hypot(...hand(bus.positions).map((x, i) => x - (dot[i] ?? 0))) < 0.015;

    /** @type {import("pistar/robot").Robot} */
    const robot = {
      type: "two_joints",
      joints,
      cameras: [{ name: "top", width: size, height: size }],
      fps,
      realTime: false,
      async reset({ seed }) {
        // The seed decides everything random in an episode. A person puts the dot down for a real robot.
        const random = (/** @type {number} */ n) =>
          (((Math.sin(seed * 12.9898 + n * 78.233) * 43758.5453) % 1) + 1) % 1;
        answer = [(random(1) - 0.5) * 120 * difficulty, 90 + (random(2) - 0.5) * 80 * difficulty];
        dot = hand(answer);
        bus.positions = Float32Array.of(0, 90);
      },
      observe: async () => ({ images: { top: picture(dot) }, state: bus.positions.slice(), task: "touch the red dot" }),
      act: async (targets) => bus.write(targets),
      hold: async () => bus.write(bus.positions),
      health: async () => ({ joints: joints.map(({ name }) => ({ name, faults: [] })), lateTicks: 0 }),
      close: async () => {},
    };

    return {
      robot,
      timeLimit: 4,
      // Whoever judges: here the position, for a real robot a person with a key.
      operator: {
        id: "judge",
        reset() {},
        decide: () => "continue",
        targets: () => undefined,
        judge: touches,
        release() {},
      },
      // What `--policy demonstrator` plays: a script, or a leader arm. Leave it out where there is neither.
      demonstrator: {
        id: "script",
        finished: false,
        reset: async () => {},
        // Two degrees a period towards the dot.
        next: async () =>
          bus.positions.map((at, i) => at + Math.max(-2, Math.min(2, /** @type {number} */ (answer[i]) - at))),
        interrupt() {},
      },
      close: () => robot.close(),
    };
  },
};
