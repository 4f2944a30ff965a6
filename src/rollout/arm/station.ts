// The station of an arm with a robot file. There is one such arm, so whoever opens it shares it.
import { calibratedJoints, emulatedPort, readRobotFile, type Station, type Stations } from "../../robot/index.ts";
import { difficultyOf, judging, Supervisor } from "../../sim/index.ts";
import { LeaderDriver } from "./leader-driver.ts";
import { followerCalibration, type OpenArm, openArm } from "./open-arm.ts";
import { keyHelp, Person } from "./person.ts";
import { terminalKeys } from "./terminal-keys.ts";

const say = (text: string) => console.error(text);

/** Stations of the arm of a robot file. @throws PistarError for a wrong file */
export function armStations(path: string): Stations {
  const file = readRobotFile(path);
  const emulated = file.port === emulatedPort;
  let shared: { readonly key: string; readonly station: Promise<Station>; users: number } | undefined;

  return {
    only: () => ({
      type: "so_follower",
      unit: file.units,
      joints: calibratedJoints(followerCalibration(file), file.units),
      cameras: Object.entries(file.cameras).map(
        ([
          name,
          {
            size: [width, height],
          },
        ]) => ({ name, width, height }),
      ),
      fps: file.fps,
    }),

    // A real scene is spread by hand.
    setting: ({ task, difficulty, randomise }) => ({
      task,
      difficulty: emulated ? difficultyOf(task, difficulty) : (difficulty ?? 1),
      randomise,
    }),

    async open(setting, supervised) {
      const key = JSON.stringify([setting, supervised]);
      if (shared && shared.key !== key) throw new Error(`The arm of ${path} is in use for another task`);
      shared ??= { key, users: 0, station: openStation() };
      const mine = shared;
      mine.users++;
      try {
        const station = await mine.station;
        return {
          ...station,
          async close(torque) {
            if (--mine.users > 0) return;
            shared = undefined;
            await station.close(torque);
          },
        };
      } catch (error) {
        shared = undefined;
        throw error;
      }

      async function openStation(): Promise<Station> {
        if (!emulated) return realStation();
        const arm = await openArm(file, { setting, say });
        const { task, world } = arm.emulation!;
        const supervisor = supervised ? new Supervisor(task, world) : undefined;
        return {
          robot: arm.robot,
          operator: judging(task, world, supervisor),
          ...demonstrator(arm),
          timeLimit: task.timeLimit,
          async close(torque) {
            supervisor?.close();
            await arm.close(torque);
          },
        };
      }

      async function realStation(): Promise<Station> {
        const keys = terminalKeys();
        try {
          const arm = await openArm(file, {
            setting,
            say,
            async prepare() {
              say("Put the scene back, and take your hands away. Then press space.");
              await keys.wait("space");
              say(`go: ${setting.task}\n${keyHelp}`);
            },
          });
          const { robot, leader } = arm;
          return {
            robot,
            operator: new Person({
              ...{ keys, say, joints: robot.joints, commanded: () => robot.commanded, mirrors: supervised },
              ...(leader && { leader }),
            }),
            ...demonstrator(arm),
            timeLimit: file.timeLimit,
            async close(torque) {
              keys.close();
              await arm.close(torque);
            },
          };
        } catch (error) {
          keys.close();
          throw error;
        }
      }
    },
  };
}

const demonstrator = ({ robot, leader }: OpenArm): Pick<Station, "demonstrator"> =>
  leader ? { demonstrator: new LeaderDriver(leader, () => robot.commanded, robot.fps) } : {};
