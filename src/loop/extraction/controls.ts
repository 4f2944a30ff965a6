// The controls that `pistar recap --controls` offers, in the order of tables. A new one is a file of this folder and a line here; if it has
// options of its own, they join `controlOptions` and become flags.
import { allData } from "./all-data.ts";
import { autonomousAlone } from "./autonomous-alone.ts";
import { awr, awrOptions } from "./awr.ts";
import { clock } from "./clock.ts";
import { correctionsAlone } from "./corrections-alone.ts";
import { filtered } from "./filtered.ts";
import { filteredAutonomous } from "./filtered-autonomous.ts";
import { guided, guidedOptions } from "./guided.ts";
import { noCorrections } from "./no-corrections.ts";
import { oracle, oracleOptions } from "./oracle.ts";
import { otherEpisodes } from "./other-episodes.ts";
import { randomLabels } from "./random-labels.ts";
import { strict } from "./strict.ts";

export const controls = [
  allData,
  filtered,
  filteredAutonomous,
  awr,
  noCorrections,
  autonomousAlone,
  correctionsAlone,
  randomLabels,
  otherEpisodes,
  clock,
  oracle,
  strict,
  guided,
] as const;

export type ControlName = (typeof controls)[number]["name"];

export const controlOptions = { ...guidedOptions, ...awrOptions, ...oracleOptions };
