// Stations by the address of a module: worker threads cannot be sent functions, so each imports them itself.
import type { Stations } from "../../robot/index.ts";
import { PistarError } from "../../system/index.ts";

/**
 * Imports stations.
 * @param module URL of a module that exports `stations`, such as sim's `simulation`
 * @throws Error if it exports none
 */
export async function loadStations(module: string): Promise<Stations> {
  const { stations } = (await import(module)) as { readonly stations?: Partial<Stations> };
  if (typeof stations?.open !== "function" || typeof stations.setting !== "function")
    throw new PistarError(
      "wrong-layout",
      `${module}: expected an export "stations" with the functions setting and open`,
      { path: module },
    );
  return stations as Stations;
}
