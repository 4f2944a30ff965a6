// pistar robot: a real SO-101, from its cable to its first motion.
import type { Command } from "commander";
import { serialPorts } from "../../robot/index.ts";
import { explain } from "../help.ts";
import { table } from "../table.ts";
import { addCalibrate } from "./calibrate.ts";
import { addMove } from "./move.ts";
import { addSetup } from "./setup.ts";
import { addShow } from "./show.ts";
import { addTeleoperate } from "./teleoperate.ts";

/** Adds the commands of the group. */
export function addRobot(group: Command): void {
  explain(
    group
      .command("ports")
      .description("List the serial ports, those of arms first.")
      .action(async () => {
        const ports = await serialPorts();
        if (ports.length === 0) return console.log("no serial port: plug the arm's USB cable in");
        const rows = ports.map(({ path, manufacturer = "", likely }) => [
          path,
          manufacturer,
          likely ? "an arm's board" : "",
        ]);
        console.log(table(["port", "manufacturer", ""], rows));
      }),
    { examples: ["pistar robot ports"] },
  );
  addSetup(group);
  addCalibrate(group);
  addShow(group);
  addMove(group);
  addTeleoperate(group);
  explain(group, {
    text: [
      "A robot file (so101.json) holds an arm's port, its calibration's name, cameras, limits and rest pose. collect, eval and replay take it as --robot. The commands stand in the order of first use.",
    ],
    examples: ["pistar robot ports", "pistar robot setup so101.json --port /dev/ttyACM0 --id mine"],
  });
}
