// The controls that `pistar recap --controls` offers, in the order of tables. A new one is a file of this folder and a line here; if it has
// options of its own, they join `controlOptions` and become flags.
import { allData } from "./all-data.ts";
import { awr, awrOptions } from "./awr.ts";
import { filtered } from "./filtered.ts";
import { guided, guidedOptions } from "./guided.ts";
import { noCorrections } from "./no-corrections.ts";
import { randomLabels } from "./random-labels.ts";

export const controls = [allData, filtered, awr, noCorrections, randomLabels, guided] as const;

export type ControlName = (typeof controls)[number]["name"];

export const controlOptions = { ...guidedOptions, ...awrOptions };
