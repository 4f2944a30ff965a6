import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mujoco } from "./mujoco.ts";
import { createPhysics } from "./physics.ts";

const ball = `<mujoco><size memory="64K"/><worldbody><geom name="floor" type="plane" size="1 1 1"/>
  <body name="ball" pos="0 0 1"><freejoint/><geom type="sphere" size="0.1" mass="0.5"/></body></worldbody></mujoco>`;

test("a ball falls as Newton says", async () => {
  const physics = await createPhysics({ xml: ball });
  physics.step(100); // 0.2 s in steps of 2 ms, semi-implicit Euler: g h² n (n + 1) / 2
  expect(physics.pose("ball").position[2]).toBeCloseTo(1 - (9.81 * 0.002 ** 2 * 100 * 101) / 2, 9);
  expect(physics.speed("ball").linear).toBeCloseTo(9.81 * 0.2, 9);
  physics.close();
});

test("a ball at rest presses with its weight; apart there is no force", async () => {
  const physics = await createPhysics({ xml: ball });
  expect(physics.contactForce("ball", "world")).toBe(0);
  physics.place("ball", { position: [0, 0, 0.1], quaternion: [1, 0, 0, 0] });
  physics.step(1000);
  expect(physics.contacts).toHaveLength(1);
  expect(physics.contactForce("ball", "world")).toBeCloseTo(0.5 * 9.81, 2);
  expect(physics.contactForce("world", "ball")).toBe(physics.contactForce("ball", "world"));
  physics.close();
});

test("a simulation that diverges raises and does not start again by itself", async () => {
  const physics = await createPhysics({ xml: ball });
  physics.data.qvel[0] = Number.NaN;
  expect(() => physics.step(3)).toThrow(/simulation diverged: qpos\[0\] is NaN at 0\.\d+ s/);
  physics.reset();
  physics.step(1);
  expect(physics.pose("ball").position[2]).toBeLessThan(1);
  physics.close();
});

test("unknown names and foreign states are said so", async () => {
  const physics = await createPhysics({ xml: ball });
  expect(() => physics.pose("cup")).toThrow('Expected a body named "cup" in the model; there are: world, ball');
  expect(() => physics.speed("world")).toThrow('Expected body "world" to have a free joint');
  expect(() => physics.restore(new Float64Array(3))).toThrow(
    /Expected a saved state of \d+ numbers for this model, got 3/,
  );
  physics.close();
  await expect(createPhysics({ xml: "<mujoco><worldbody><bdy/></worldbody></mujoco>" })).rejects.toThrow(
    /MuJoCo could not load the scene: .*unrecognized element/s,
  );
});

test("a user's MJCF with a mesh in a folder below loads, collides, and leaves no file behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pistar-mjcf-"));
  try {
    // A tetrahedron with corners at the origin and 0.1 m along each axis.
    const vertices = ["0 0 0", "0.1 0 0", "0 0.1 0", "0 0 0.1"];
    const faces = ["1 3 2", "1 2 4", "1 4 3", "2 3 4"];
    await mkdir(join(folder, "assets"));
    await writeFile(
      join(folder, "assets", "corner.obj"),
      [...vertices.map((v) => `v ${v}`), ...faces.map((f) => `f ${f}`)].join("\n"),
    );
    await writeFile(
      join(folder, "scene.xml"),
      `<mujoco><compiler meshdir="assets"/><asset><mesh name="corner" file="corner.obj"/></asset><worldbody>
        <geom type="plane" size="1 1 1"/>
        <body name="corner" pos="0 0 0.3"><freejoint/><geom type="mesh" mesh="corner"/></body></worldbody></mujoco>`,
    );
    const physics = await createPhysics({ folder, file: "scene.xml" });
    expect(physics.model.mesh_vertnum[0]).toBe(4);
    expect(physics.model.mesh_facenum[0]).toBe(4);
    physics.step(1000);
    expect(physics.contactForce("corner", "world")).toBeGreaterThan(0.1);
    physics.close();
    const { module } = await mujoco();
    expect((module.FS.readdir("/") as string[]).filter((name) => name.startsWith("model-"))).toEqual([]);
    await expect(createPhysics({ folder, file: "other.xml" })).rejects.toThrow(
      /Expected an MJCF file "other.xml" in .*; there are: .*scene.xml/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
