// The result of an audit in one or two sentences.

import type { Estimate } from "../rollout/index.ts";
import { number, space } from "../system/index.ts";
import type { Audit } from "./audit.ts";

const signed = (x: number): string => (x > 0 ? `+${x.toFixed(2)}` : x.toFixed(2).replace("-", "−"));
const interval = ({ value, low, high }: Estimate): string =>
  `${signed(value)}${space}(${signed(low)}${space}…${space}${signed(high)})`;

/** Above this share, positive frames at hopeless moments are worth a sentence. */
const manyHopeless = 0.3;

/** Whether V is worth its name, and whether its labels are. */
export function auditVerdict({ of, value, labels }: Audit): string {
  const whose = of === "policy" ? "the policy alone" : "policy and supervisor";
  const { correlation, clock, difference } = value;
  const knows =
    difference.low > 0
      ? `V knows more of ${whose} than a clock`
      : difference.high < 0
        ? `V knows less of ${whose} than a clock`
        : `V is not shown to know more of ${whose} than a clock`;
  const first = `${knows}: its correlation with the true value is ${correlation.value.toFixed(2)}, the clock’s ${clock.value.toFixed(2)}.`;
  if (!labels) return first;
  const { gain, byTruth } = labels;
  const worth =
    gain.low > 0
      ? `The labels choose frames that are worth ${interval(gain)} more than the rest`
      : gain.high < 0
        ? `The labels choose frames that are worth less than the rest, by ${interval(gain)}`
        : `The labels are not shown to choose better frames than chance: theirs are worth ${interval(gain)} more than the rest`;
  const lost =
    labels.hopeless > manyHopeless
      ? ` ${Math.round(100 * labels.hopeless)}${space}% of the positive frames lie where no run of the policy succeeded: there no action is better than another.`
      : "";
  return `${first} ${worth}; as many frames chosen by the truth are worth at least ${interval(byTruth)} more.${lost}`;
}

/** The mixture's value beside the policy's own before a rescue; undefined without take-overs, or if the mixture's is the truth asked for. */
export function rescueSentence({ of, value: { beforeRescue } }: Audit): string | undefined {
  if (!beforeRescue || of === "supervised") return undefined;
  const { moments, value, truth, returned } = beforeRescue;
  return (
    `In the two seconds before a correction (${number(moments)} moments) the policy alone is worth ${signed(truth.value)}, ` +
    `with the supervisor it came to ${signed(returned)}, and V says ${signed(value)}.`
  );
}
