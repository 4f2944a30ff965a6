// An arm by its robot file: a real one on a serial port, or the simulated one on an emulated bus, in simulated time.
import {
  type ByteStream,
  type Calibration,
  type CameraFeed,
  type Clock,
  connectLeader,
  connectSo101,
  type Difference,
  type EpisodeSetting,
  type EpisodeStart,
  emulatedPort,
  FeetechBus,
  type Leader,
  openCamera,
  openSerialPort,
  type RobotFile,
  readCalibration,
  realClock,
  restOf,
  SimulatedClock,
  type So101,
} from "../../robot/index.ts";
import {
  createTaskWorld,
  emulateBus,
  emulatedCalibration,
  emulateWorld,
  ScriptedLeader,
  type Task,
  taskNamed,
  type World,
} from "../../sim/index.ts";

export interface ArmOptions {
  /** The instruction of a real arm's episodes, or the task of the simulation behind an emulated bus. */
  readonly setting: EpisodeSetting;
  readonly say: (text: string) => void;
  /** Asked if the motors hold another calibration than the file. */
  readonly adopt?: (differences: readonly Difference[]) => Promise<boolean>;
  /** Puts a real scene back, with the arm at rest. */
  readonly prepare?: (start: EpisodeStart) => Promise<void>;
}

/** A connected arm. */
export interface OpenArm {
  readonly robot: So101;
  readonly leader?: Leader;
  readonly clock: Clock;
  /** The simulation behind an emulated bus. */
  readonly emulation?: { readonly task: Task; readonly world: World };
  close(torque?: "off" | "hold"): Promise<void>;
}

/** A setting for commands without a task. */
export const anySetting: EpisodeSetting = { task: "cube-in-bowl", difficulty: 0.5, randomise: false };

/** The calibration of a robot file's follower. @throws PistarError as `readCalibration` */
export const followerCalibration = ({ port, id }: Pick<RobotFile, "port" | "id">): Calibration =>
  port === emulatedPort ? emulatedCalibration : readCalibration("follower", id).calibration;

/** Connects to an arm, its leader and its cameras. @throws PistarError saying what is missing, and how to mend it */
export function openArm(file: RobotFile, options: ArmOptions): Promise<OpenArm> {
  return file.port === emulatedPort ? openEmulated(file, options) : openReal(file, options);
}

async function openReal(file: RobotFile, { setting, say, adopt, prepare }: ArmOptions): Promise<OpenArm> {
  const { units: unit, limits, fps } = file;
  const calibration = followerCalibration(file);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const cameras: CameraFeed[] = [];
    for (const [name, settings] of Object.entries(file.cameras)) {
      const camera = await openCamera(name, settings, say);
      opened.push(camera);
      cameras.push(camera);
    }
    const leader = file.leader && (await openLeader(file.leader, file, opened));
    const bus = new FeetechBus(await openSerialPort(file.port), { timeout: file.timeout });
    opened.push(bus);
    const robot = await connectSo101({
      ...{ bus, calibration, unit, limits, fps, cameras, say, instruction: setting.task, rest: restOf(file) },
      ...(adopt && { adopt }),
      ...(prepare && { prepare }),
    });
    return {
      robot,
      ...(leader && { leader }),
      clock: realClock,
      async close(torque) {
        await leader?.close();
        await robot.close(torque);
      },
    };
  } catch (error) {
    for (const { close } of opened.map((one) => ({ close: () => one.close() }))) await close().catch(() => {});
    throw error;
  }
}

async function openLeader(
  { port, id }: NonNullable<RobotFile["leader"]>,
  { units: unit, timeout }: RobotFile,
  opened: { close(): Promise<void> }[],
): Promise<Leader> {
  const { calibration } = readCalibration("leader", id);
  const stream: ByteStream = await openSerialPort(port);
  const bus = new FeetechBus(stream, { timeout });
  opened.push(bus);
  return connectLeader({ bus, calibration, unit });
}

async function openEmulated(file: RobotFile, { setting, say }: ArmOptions): Promise<OpenArm> {
  const { units: unit, limits, fps } = file;
  const clock = new SimulatedClock();
  const task = taskNamed(setting.task);
  const { difficulty, randomise } = setting;
  const world = await createTaskWorld(task, { difficulty, randomise, fps, cameras: [] });
  try {
    const { stream, arrange } = emulateWorld(world, clock);
    const script = file.leader && new ScriptedLeader(task, world);
    const leader =
      script &&
      (await connectLeader({
        bus: new FeetechBus(emulateBus(script, clock).stream, { clock }),
        calibration: emulatedCalibration,
        unit,
        clock,
      }));
    const cameras = Object.entries(file.cameras).map(
      ([
        name,
        {
          size: [width, height],
        },
      ]): CameraFeed => ({
        ...{ name, width, height },
        latest: async () => world.look({ name, width, height }),
        close: async () => {},
      }),
    );
    const robot = await connectSo101({
      bus: new FeetechBus(stream, { clock }),
      calibration: emulatedCalibration,
      ...{ unit, limits, fps, cameras, clock, say, rest: restOf(file) },
      async prepare({ seed, instruction }) {
        script?.end();
        await arrange(seed, instruction);
        robot.instruct(world.instruction);
        script?.begin(seed);
      },
    });
    return {
      robot,
      ...(leader && { leader }),
      clock,
      emulation: { task, world },
      async close(torque) {
        script?.end();
        await leader?.close();
        await robot.close(torque);
        await world.close();
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}
