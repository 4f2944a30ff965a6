// pistar robot move: slowly to a pose.
import type { Command } from "commander";
import { jointNames, readRobotFile } from "../../robot/index.ts";
import { anySetting, openArm } from "../../rollout/index.ts";
import { PistarError } from "../../system/index.ts";
import { explain } from "../help.ts";

export function addMove(group: Command): void {
  explain(
    group
      .command("move <file> <pose...>")
      .description('Move slowly to the rest pose ("rest"), or set joints, such as gripper=50.')
      .option("--hold", "keep the torque at the end (default: go to rest, then let go)"),
    {
      text: [
        "Values are in the robot file's units. Every goal passes its limits. Ctrl-C ends the motion: the arm holds.",
      ],
      examples: ["pistar robot move so101.json rest", "pistar robot move so101.json wrist_roll=20 gripper=50 --hold"],
    },
  ).action(move);
}

async function move(path: string, asked: readonly string[], { hold }: { hold?: boolean }): Promise<void> {
  const file = readRobotFile(path);
  const joints = asked.filter((word) => word !== "rest").map(parse);
  const arm = await openArm(file, { setting: anySetting, say: (text) => console.error(text) });
  let end: "off" | "hold" = "hold";
  try {
    if (asked.includes("rest")) await arm.robot.moveTo(arm.robot.rest);
    if (joints.length > 0) {
      const pose = [...arm.robot.commanded];
      for (const [joint, value] of joints) pose[joint] = value;
      await arm.robot.moveTo(pose);
    }
    const { state } = await arm.robot.observe();
    console.log(jointNames.map((name, i) => `${name}=${state[i]!.toFixed(1)}`).join(" "));
    if (!hold) end = "off";
  } finally {
    await arm.close(end);
  }
}

function parse(word: string): readonly [joint: number, value: number] {
  const [, name = "", text = ""] = /^(\w+)=(-?[\d.]+)$/.exec(word) ?? [];
  const joint = jointNames.indexOf(name);
  if (joint < 0 || !Number.isFinite(Number(text)))
    throw new PistarError(
      "bad-option",
      `Expected "rest" or a joint and its value (${jointNames.join(", ")}), such as gripper=50, got ${word}`,
    );
  return [joint, Number(text)];
}
