// Task: put the cube of the named colour into the bowl. The other two cubes are distractors.
import { opening } from "../arm.ts";
import { element } from "../mjcf.ts";
import { placeObjects } from "../placement.ts";
import type { Task } from "../task.ts";
import { bring, type Colour, colours, cube, cubeOf, hover, isReleased, isStill, pick, putDown } from "./cubes.ts";

/** Half a side of a cube, metres. */
const half = 0.0125;
/** Inner and outer radius and height of the wall, metres. */
const bowl = { inner: 0.036, outer: 0.046, rim: 0.03 };
const sides = 10;

const wall = Array.from({ length: sides }, (_, i) => {
  const angle = (2 * Math.PI * i) / sides;
  const radius = (bowl.inner + bowl.outer) / 2;
  return element("geom", {
    type: "box",
    size: [0.004, radius * Math.tan(Math.PI / sides) + 0.0015, bowl.rim / 2],
    pos: [radius * Math.cos(angle), radius * Math.sin(angle), bowl.rim / 2],
    euler: [0, 0, angle],
    rgba: [0.92, 0.92, 0.9, 1],
  });
});

const instructionOf = (colour: Colour) => `put the ${colour} cube in the bowl`;
const colourOf = (instruction: string) => colours.find((colour) => instruction === instructionOf(colour))!;

/** The task "cube-in-bowl". */
export const cubeInBowl: Task = {
  name: "cube-in-bowl",
  description: "put the cube of the named colour into the bowl, past two others",
  scene: {
    objects: [
      element("body", { name: "bowl", mocap: true, pos: [0.2, 0.15, 0] }, [
        // The floor is visible only: a cube in the bowl rests on the table.
        element("geom", {
          type: "cylinder",
          size: [bowl.inner, 0.0005],
          contype: 0,
          conaffinity: 0,
          rgba: [0.85, 0.85, 0.82, 1],
        }),
        ...wall,
      ]),
      ...colours.map((colour, i) => cube(colour, half, 0.06 * (i - 1))),
    ],
  },
  instructions: colours.map(instructionOf),
  timeLimit: 20,
  difficulty: 0.5,
  objects: colours.map(cubeOf),

  arrange(physics, random, difficulty, instruction) {
    const places = placeObjects(
      random,
      [
        { body: "bowl", radius: bowl.outer, home: { radius: 0.2, angle: 0.75 } },
        ...colours.map((colour, i) => ({
          body: cubeOf(colour),
          radius: 0.018,
          home: { radius: 0.21, angle: 0.15 - 0.45 * i },
        })),
      ],
      { spread: difficulty, gap: 0.022 },
    );
    for (const place of places) putDown(physics, place, place.body === "bowl" ? 0 : half);
    const drawn = instructionOf(colours[random.integer(colours.length)]!);
    return instruction ?? drawn;
  },

  named: (instruction) => ({ object: cubeOf(colourOf(instruction)), goal: "bowl" }),

  reached(physics, instruction) {
    const body = cubeOf(colourOf(instruction));
    const [x, y, z] = physics.pose(body).position;
    const [bowlX, bowlY] = physics.pose("bowl").position;
    // Deep inside. The middle of a cube leaning on the rim is higher.
    const inside = Math.hypot(x - bowlX, y - bowlY) < bowl.inner - half && z < 1.7 * half;
    return inside && isStill(physics, body) && isReleased(physics, body);
  },

  *demonstrate(attempt) {
    const { world, arm, instruction, style } = attempt;
    const { physics } = world;
    const body = cubeOf(colourOf(instruction));
    for (let tries = 0; tries < style.tries && !cubeInBowl.reached(physics, instruction); tries++) {
      arm.doing = `pick up the ${body}`;
      if (!arm.holds(body)) yield* pick(attempt, body, half);
      if (!arm.holds(body)) continue;
      arm.doing = `put the ${body} in the bowl`;
      const [x, y] = physics.pose("bowl").position;
      yield* bring(attempt, body, [x, y], bowl.rim + half);
      yield* arm.grip(opening(0.055));
      arm.doing = "move away";
      yield* arm.rise(hover + 0.02);
      yield* arm.wait(0.3);
    }
    yield* arm.wait(1);
  },
};
