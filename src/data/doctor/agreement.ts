// Do several value functions agree, such as those of the folds of a dataset? If not, labels are chance.
import type { Finding } from "./finding.ts";
import { correlation, meansBy } from "./numbers.ts";

/** Values of one value function. */
export interface NamedValues {
  readonly name: string;
  /** V of each frame by episode. */
  readonly of: ReadonlyMap<number, ArrayLike<number>>;
}

/** With a lower correlation labels depend more on the value function than on the frames. */
const low = 0.5;

/** Compares each pair on their common episodes. @param tasks the instruction of each episode */
export function agreementFindings(
  root: string,
  all: readonly NamedValues[],
  tasks: ReadonlyMap<number, string>,
): Finding[] {
  return all.flatMap((one, at) =>
    all.slice(at + 1).map((other): Finding => {
      const shared = [...one.of.keys()].filter((episode) => other.of.has(episode));
      const [a, b] = [one, other].map(({ of }) => new Map(shared.map((episode) => [episode, of.get(episode)!])));
      const whole = correlation(flat(a!), flat(b!));
      const beyond = correlation(flat(withoutClock(a!, tasks)), flat(withoutClock(b!, tasks)));
      const text = `Values of ${one.name} and ${other.name} correlate by ${whole.toFixed(2)}; beyond what the time since the start says, by ${beyond.toFixed(2)}`;
      if (beyond >= low) return { weight: "good", text: `${text}.` };
      return {
        weight: "care",
        text: `${text}: labels depend on which of them gives the values. They need more episodes or more steps.`,
        mend: `pistar value ${root} --out RUN --steps 2000`,
      };
    }),
  );
}

const flat = (values: ReadonlyMap<number, ArrayLike<number>>) => [...values.values()].flatMap((of) => Array.from(of));

/** The values less the mean of their task at that frame. All value functions agree that the end comes nearer. */
function withoutClock(
  values: ReadonlyMap<number, ArrayLike<number>>,
  tasks: ReadonlyMap<number, string>,
): Map<number, number[]> {
  const keyOf = (episode: number, frame: number) => `${tasks.get(episode) ?? ""}\n${frame}`;
  const keys = [...values].flatMap(([episode, of]) => Array.from(of, (_, frame) => keyOf(episode, frame)));
  const means = meansBy(flat(values), keys);
  return new Map(
    [...values].map(([episode, of]) => [
      episode,
      Array.from(of, (value, frame) => value - means.get(keyOf(episode, frame))!),
    ]),
  );
}
