// Cameras: milliseconds a frame for 16 primitives on a checkered plane, with one sample a pixel and 2×2. The last line
// is JSON. Targets: about 0.1, 0.2 and 0.8 ms at 64², 96² and 224² with one sample, 0.3 ms at 64² with 2×2.
import { createRenderer } from "../src/sim/render/renderer.ts";
import type { Scene } from "../src/sim/render/scene.ts";
import { random as seeded } from "../src/system/random.ts";
import { median } from "./median.ts";

const count = 17;
const { uniform } = seeded(1);

/** A plane and 16 primitives of all shapes within half a metre of the middle. */
function scene(): Scene {
  const rotation = new Float64Array(count * 9);
  const position = new Float64Array(count * 3);
  for (let geom = 0; geom < count; geom++) {
    const [yaw, tilt] = geom === 0 ? [0, 0] : [uniform() * 6, uniform() * 3];
    const [c, s, d, t] = [Math.cos(yaw), Math.sin(yaw), Math.cos(tilt), Math.sin(tilt)];
    rotation.set([c, -s * d, s * t, s, c * d, -c * t, 0, t, d], geom * 9);
    if (geom > 0) position.set([uniform() - 0.5, uniform() - 0.5, 0.05 + uniform() * 0.3], geom * 3);
  }
  return {
    geoms: {
      type: Int32Array.from({ length: count }, (_, geom) => (geom === 0 ? 0 : 2 + (geom % 5))),
      size: Float64Array.from({ length: count * 3 }, (_, at) => (at < 3 ? 0 : 0.03 + 0.07 * uniform())),
      position,
      rotation,
      rgba: Float32Array.from({ length: count * 4 }, (_, at) => (at % 4 === 3 ? 1 : uniform())),
      segmentation: Int32Array.from({ length: count }, (_, geom) => geom),
      mesh: new Int32Array(count).fill(-1),
    },
    lighting: {
      ambient: [0.3, 0.3, 0.3],
      headlight: [0.3, 0.3, 0.3],
      directional: [{ direction: [0.3, 0.2, -1], rgb: [0.5, 0.5, 0.5] }],
    },
    background: [0.5, 0.6, 0.7],
    checker: { rgb: [0.2, 0.3, 0.4], side: 0.1 },
  };
}

const world = scene();
const camera = {
  position: Float64Array.of(0, -1, 0.6),
  rotation: Float64Array.of(1, 0, 0, 0, 0.5, -0.866, 0, 0.866, 0.5),
  fovy: 50,
};
const figures: Record<string, number> = {};
for (const samples of [1, 2] as const)
  for (const side of [64, 96, 224]) {
    const renderer = createRenderer({ width: side, height: side, samples });
    const rgb = new Uint8Array(side * side * 3);
    const times: number[] = [];
    for (let batch = 0; batch < 40; batch++) {
      const frames = side === 224 ? 25 : 100;
      const start = performance.now();
      for (let frame = 0; frame < frames; frame++) {
        camera.position[0] = 0.1 * Math.sin(frame);
        renderer.render(world, camera, { rgb });
      }
      times.push((performance.now() - start) / frames);
    }
    const name = `ms_${side}${samples === 2 ? "_2x2" : ""}`;
    figures[name] = median(times);
    console.log(`${name.padEnd(16)} ${figures[name].toFixed(3)}`);
  }
console.log(JSON.stringify({ bench: "render", ...figures }));
