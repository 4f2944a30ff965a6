// A trained policy, from its checkpoint or exported, as rollouts drive the robot with it.
import type { Joint, Policy } from "../robot/index.ts";
import { openTrained } from "./open-trained.ts";
import type { Asked } from "./trained-policy.ts";

/** @throws Error naming the folder where there is no policy, or one for another robot */
export async function trainedPolicy(folder: string, joints: readonly Joint[], asked: Asked): Promise<Policy> {
  // Episodes run in parallel, a thread each: more threads for one operator would only wait for one another.
  const policy = await openTrained(folder, { ...asked, threads: 1 });
  const names = joints.map(({ name }) => name);
  if (String(policy.joints) !== String(names)) {
    await policy.close();
    throw new Error(`${folder}: expected a policy for ${names.join(", ")}, got one for ${policy.joints.join(", ")}`);
  }
  let episode = 0;
  let step = 0;
  return {
    id: policy.path,
    continues: policy.continues,
    async reset(seed) {
      episode = seed;
      step = 0;
    },
    async infer(observation, leftover) {
      const actions = await policy.infer({ ...observation, seed: [episode, step++], ...(leftover && { leftover }) });
      return { actions, horizon: policy.horizon };
    },
    close: () => policy.close(),
  };
}
