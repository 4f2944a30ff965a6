// All commands in the order of work. A command's code is loaded when it is called. `pistar --help` loads none.
import type { Command } from "commander";

interface CommandEntry {
  readonly name: string;
  readonly arguments: string;
  readonly group: string;
  readonly summary: string;
  /** Loads flags, help and action. */
  readonly load: () => Promise<(command: Command) => void>;
}

const all = "The whole of RECAP:";
const data = "Learning from data, step by step:";
const episodes = "Episodes in simulation, or on your robot:";
const use = "Using a policy:";
const look = "Looking around:";

export const commands: readonly CommandEntry[] = [
  {
    name: "recap",
    arguments: "",
    group: all,
    summary: "run RECAP from demonstrations to a better policy, with a report",
    load: async () => (await import("./recap.ts")).addRecap,
  },
  {
    name: "film",
    arguments: "<run>",
    group: all,
    summary: "show an episode of a run before and after RECAP as a film",
    load: async () => (await import("./run-film.ts")).addFilm,
  },
  {
    name: "audit",
    arguments: "[run]",
    group: all,
    summary: "compare a value function and its labels with the truth",
    load: async () => (await import("./audit.ts")).addAudit,
  },
  {
    name: "seeds",
    arguments: "<runs...>",
    group: all,
    summary: "compare runs that differ in their seed",
    load: async () => (await import("./seeds.ts")).addSeeds,
  },
  {
    name: "value",
    arguments: "<datasets...>",
    group: data,
    summary: "train a value function: how far a frame is from success",
    load: async () => (await import("./value.ts")).addValue,
  },
  {
    name: "label",
    arguments: "<datasets...>",
    group: data,
    summary: "label the frames whose actions were better than expected",
    load: async () => (await import("./label.ts")).addLabel,
  },
  {
    name: "train",
    arguments: "<datasets...>",
    group: data,
    summary: "train a policy, from scratch or from a checkpoint",
    load: async () => (await import("./train.ts")).addTrain,
  },
  {
    name: "ground",
    arguments: "",
    group: data,
    summary: "pre-train a small network's vision and language",
    load: async () => (await import("./ground.ts")).addGround,
  },
  {
    name: "robot",
    arguments: "",
    group: episodes,
    summary: "set up, calibrate and move a real SO-101",
    load: async () => (await import("./robot/robot.ts")).addRobot,
  },
  {
    name: "tasks",
    arguments: "",
    group: episodes,
    summary: "list the simulated tasks",
    load: async () => (await import("./tasks.ts")).addTasks,
  },
  {
    name: "collect",
    arguments: "",
    group: episodes,
    summary: "record episodes into a dataset",
    load: async () => (await import("./collect.ts")).addCollect,
  },
  {
    name: "studio",
    arguments: "",
    group: episodes,
    summary: "watch, take over and record in a web page",
    load: async () => (await import("./studio.ts")).addStudio,
  },
  {
    name: "eval",
    arguments: "",
    group: episodes,
    summary: "measure a policy's success rate and throughput",
    load: async () => (await import("./eval.ts")).addEval,
  },
  {
    name: "replay",
    arguments: "<dataset> <episode>",
    group: episodes,
    summary: "replay a recorded episode in simulation",
    load: async () => (await import("./replay.ts")).addReplay,
  },
  {
    name: "serve",
    arguments: "<checkpoint>",
    group: use,
    summary: "serve a policy to robots by openpi's protocol",
    load: async () => (await import("./serve.ts")).addServe,
  },
  {
    name: "export",
    arguments: "<checkpoint>",
    group: use,
    summary: "write a policy as an .onnx file that runs without pistar",
    load: async () => (await import("./export.ts")).addExport,
  },
  {
    name: "dataset",
    arguments: "",
    group: look,
    summary: "inspect, check, edit, convert and export LeRobot datasets",
    load: async () => (await import("./dataset.ts")).addDataset,
  },
  {
    name: "doctor",
    arguments: "<dataset>",
    group: look,
    summary: "say whether a dataset is fit for RECAP, and what mends it",
    load: async () => (await import("./doctor.ts")).addDoctor,
  },
  {
    name: "model",
    arguments: "",
    group: look,
    summary: "show the parts and sizes of a network",
    load: async () => (await import("./model.ts")).addModel,
  },
  {
    name: "devices",
    arguments: "",
    group: look,
    summary: "list the devices that pistar can compute on",
    load: async () => (await import("./devices.ts")).addDevices,
  },
];
