// Task: stack the cube of one named colour on that of another. The third is a distractor. Cubes and success are those
// of ManiSkill's StackCube (Tao et al. 2024, arXiv 2410.00425): 40 mm; the upper cube rests on the lower one and is
// released.
import { opening } from "../arm.ts";
import { placeObjects } from "../placement.ts";
import type { Named, Task } from "../task.ts";
import { bring, type Colour, colours, cube, cubeOf, hover, isReleased, isStill, pick, putDown } from "./cubes.ts";

/** Half a side of a cube, metres. */
const half = 0.02;

const pairs = colours.flatMap((upper) =>
  colours
    .filter((lower) => lower !== upper)
    .map((lower) => ({ upper, lower, instruction: instructionOf(upper, lower) })),
);

function instructionOf(upper: Colour, lower: Colour): string {
  return `stack the ${upper} cube on the ${lower} cube`;
}

function named(instruction: string): Named {
  const { upper, lower } = pairs.find((pair) => pair.instruction === instruction)!;
  return { object: cubeOf(upper), goal: cubeOf(lower) };
}

/** The task "stack-cubes". */
export const stackCubes: Task = {
  name: "stack-cubes",
  description: "stack the cube of one named colour on that of another",
  scene: { objects: colours.map((colour, i) => cube(colour, half, 0.06 * (i - 1))) },
  instructions: pairs.map(({ instruction }) => instruction),
  timeLimit: 20,
  difficulty: 0.3,
  objects: colours.map(cubeOf),

  arrange(physics, random, difficulty, instruction) {
    const homes = colours.map((colour, i) => ({
      body: cubeOf(colour),
      radius: Math.SQRT2 * half,
      home: { radius: 0.21, angle: 0.5 * (1 - i) },
    }));
    for (const place of placeObjects(random, homes, { spread: difficulty, gap: 0.03 })) putDown(physics, place, half);
    const drawn = pairs[random.integer(pairs.length)]!.instruction;
    return instruction ?? drawn;
  },

  named,

  reached(physics, instruction) {
    const { object: upper, goal: lower } = named(instruction);
    const [x, y, z] = physics.pose(upper).position;
    const [lowerX, lowerY, lowerZ] = physics.pose(lower).position;
    // Flat and supported by the lower cube alone: not on an edge, not leaning.
    const onTop = Math.abs(z - 3 * half) < 0.003 && Math.abs(lowerZ - half) < 0.003;
    if (!onTop || Math.hypot(x - lowerX, y - lowerY) > half) return false;
    return [upper, lower].every((body) => isStill(physics, body) && isReleased(physics, body));
  },

  *demonstrate(attempt) {
    const { world, arm, instruction, style } = attempt;
    const { physics } = world;
    const { object: upper, goal: lower } = named(instruction);
    for (let tries = 0; tries < style.tries && !stackCubes.reached(physics, instruction); tries++) {
      arm.doing = `pick up the ${upper}`;
      if (!arm.holds(upper)) yield* pick(attempt, upper, half);
      if (!arm.holds(upper)) continue;
      arm.doing = `put it on the ${lower}`;
      const [x, y, z] = physics.pose(lower).position;
      yield* bring(attempt, upper, [x, y], z + 2 * half + 0.002);
      yield* arm.grip(opening(4 * half));
      arm.doing = "move away";
      yield* arm.rise(hover + 0.02);
      yield* arm.wait(0.3);
    }
    yield* arm.wait(1);
  },
};
