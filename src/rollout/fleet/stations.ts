// Stations by an address: a module's or a robot file's. Worker threads cannot be sent functions, so each imports them itself.
import { fileURLToPath } from "node:url";
import type { Stations } from "../../robot/index.ts";
import { PistarError } from "../../system/index.ts";

/** An arm is opened by all users of its file together. */
const arms = new Map<string, Stations>();

/**
 * Opens stations.
 * @param module URL of a module that exports `stations`, such as sim's `simulation`, or of a robot file (.json)
 * @throws Error if it exports none, or if the file is wrong
 */
export async function loadStations(module: string): Promise<Stations> {
  if (module.endsWith(".json")) {
    const stations = arms.get(module) ?? (await import("../arm/station.ts")).armStations(fileURLToPath(module));
    arms.set(module, stations);
    return stations;
  }
  const { stations } = (await import(module)) as { readonly stations?: Partial<Stations> };
  if (typeof stations?.open !== "function" || typeof stations.setting !== "function")
    throw new PistarError(
      "wrong-layout",
      `${module}: expected an export "stations" with the functions setting and open`,
      { path: module },
    );
  return stations as Stations;
}
