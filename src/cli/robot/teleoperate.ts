// pistar robot teleoperate: the follower goes where the leader goes. Nothing is recorded.
import type { Command } from "commander";
import { readRobotFile } from "../../robot/index.ts";
import { anySetting, LeaderDriver, openArm } from "../../rollout/index.ts";
import { duration, PistarError } from "../../system/index.ts";
import { explain } from "../help.ts";
import { onInterrupt } from "../interrupt.ts";

export function addTeleoperate(group: Command): void {
  explain(
    group
      .command("teleoperate <file>")
      .description("Move the follower by the leader, until Ctrl-C. Nothing is recorded.")
      .option("--seconds <number>", "end after this time", Number),
    {
      text: ["The follower first comes slowly to where the leader is. At the end it goes to rest, and lets go."],
      examples: ["pistar robot teleoperate so101.json"],
    },
  ).action(teleoperate);
}

async function teleoperate(path: string, { seconds = Number.POSITIVE_INFINITY }: { seconds?: number }): Promise<void> {
  const file = readRobotFile(path);
  if (!file.leader) throw new PistarError("bad-option", `${path}: it has no leader; \`pistar robot setup\` adds one`);
  const arm = await openArm(file, { setting: anySetting, say: (text) => console.error(text) });
  let stopping = false;
  const endWatch = onInterrupt(() => {
    console.error("to rest; press again to stop at once: the arm then holds its pose");
    stopping = true;
  });
  let end: "off" | "hold" = "hold";
  try {
    const { robot, leader } = arm;
    const driver = new LeaderDriver(leader!, () => robot.commanded, robot.fps);
    let periods = 0;
    for (; !stopping && periods < seconds * robot.fps; periods++) await robot.act(await driver.next());
    const { lateTicks } = await robot.health();
    console.log(
      `${duration(periods / robot.fps)} at ${robot.fps} Hz; ${lateTicks} of ${periods} control periods were late`,
    );
    end = "off";
  } finally {
    await arm.close(end);
    endWatch();
  }
}
