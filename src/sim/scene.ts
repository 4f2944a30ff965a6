// The scene: a table with the arm, its cameras and lights, and a task's objects. Metres; x points away from the arm's
// base, z up, the table's top is z = 0.
import { type Element, element } from "./mjcf.ts";
import { so101Actuators, so101Arm } from "./so101-arm.ts";

/** A task's part of the scene. */
export interface SceneParts {
  /** The task's bodies (and sites, geoms). */
  readonly objects: readonly Element[];
  /** Further top-level sections, such as contact exclusions or assets. */
  readonly sections?: readonly Element[];
}

/** Length of a physics step, seconds. A control period at 25 Hz has 10. */
const timestep = 0.004;

/** The MJCF of the SO-101 at a table. Cameras are "front" and "wrist", lights "key" and "fill". */
export function so101Scene({ objects, sections = [] }: SceneParts): Element {
  return element("mujoco", { model: "so101" }, [
    element("compiler", { angle: "radian", autolimits: true }),
    element(
      "option",
      { timestep, integrator: "implicitfast", cone: "elliptic", impratio: 10, iterations: 20, ls_iterations: 20 },
      [
        element("flag", { multiccd: "disable", island: "disable" }), // faster, without effect on grasps of convex shapes
      ],
    ),
    element("size", { memory: "512K" }), // the default is 15 MB for every MjData
    element("visual", {}, [
      element("headlight", { ambient: [0.35, 0.35, 0.35], diffuse: [0.2, 0.2, 0.2], specular: [0, 0, 0] }),
    ]),
    ...sections,
    element("worldbody", {}, [
      element("light", {
        name: "key",
        pos: [0.1, 0.5, 1.2],
        dir: [0.1, -0.45, -1],
        diffuse: [0.6, 0.6, 0.6],
        type: "directional",
      }),
      element("light", {
        name: "fill",
        pos: [0.6, -0.5, 0.9],
        dir: [-0.4, 0.5, -1],
        diffuse: [0.25, 0.25, 0.28],
        type: "directional",
      }),
      element("camera", { name: "front", pos: [0.44, 0, 0.48], xyaxes: [0, 1, 0, -0.88, 0, 0.48], fovy: 45 }),
      element("geom", {
        name: "floor",
        type: "plane",
        size: [3, 3, 0.1],
        pos: [0, 0, -0.75],
        rgba: [0.55, 0.55, 0.58, 1],
      }),
      element("geom", {
        name: "table",
        type: "box",
        size: [0.4, 0.5, 0.02],
        pos: [0.2, 0, -0.02],
        rgba: [0.72, 0.66, 0.58, 1],
      }),
      so101Arm,
      ...objects,
    ]),
    so101Actuators,
  ]);
}
