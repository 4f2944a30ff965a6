// The bridge from a trained network to a `Policy`, for a checkpoint's programs and for an exported graph.
import { drawNoise } from "../model/index.ts";
import type { ActionChunk, PolicyInfo, PolicyRequest } from "../robot/index.ts";
import type { ObservationLayout, ServablePolicy } from "../serve/index.ts";
import { random } from "../system/index.ts";

/** A request to a trained policy. */
export interface TrainedRequest extends PolicyRequest {
  /** Standard normal noise to start from, [horizon, action size of the network]; default: drawn from the seed. */
  readonly noise?: Float32Array;
}

/** A network from observations to action chunks. `networkPolicy` makes a `Policy` of any. */
export interface InferenceNetwork {
  /** Its folder. */
  readonly id: string;
  readonly info: PolicyInfo;
  /** Observation keys for clients of a server, if the folder names them. */
  readonly observationLayout?: ObservationLayout | undefined;
  /** Whether its chunks can continue a `leftover`. */
  readonly continues: boolean;
  /** Most requests in one pass. */
  readonly largestBatch: number;
  /** Numbers of noise for one chunk. */
  readonly noiseSize: number;
  /** An instruction cut to the room that the prompt has for it. */
  fitTask(request: PolicyRequest): string;
  /**
   * One pass for at most `largestBatch` requests.
   * @param requests states have the size of `info.stateNames`; leftovers have at most `info.horizon` steps
   * @param noise `noiseSize` numbers for each request
   * @returns for each request the actions [horizon, joints], in the robot's units, and the subtask if it says one
   */
  infer(
    requests: readonly PolicyRequest[],
    noise: readonly Float32Array[],
  ): Promise<readonly Pick<ActionChunk, "actions" | "subtask">[]>;
  close(): Promise<void>;
}

/** A trained policy, from its checkpoint or exported. */
export interface TrainedPolicy extends ServablePolicy {
  readonly info: PolicyInfo;
  readonly continues: boolean;
  readonly largestBatch: number;
  infer(request: TrainedRequest): Promise<ActionChunk>;
  inferBatch(requests: readonly TrainedRequest[]): Promise<ActionChunk[]>;
}

/** The policy of a network. The same seeds give the same actions. */
export function networkPolicy(network: InferenceNetwork): TrainedPolicy {
  const { id, info, observationLayout, continues, largestBatch, noiseSize } = network;
  let episode = 0;
  let question = 0;

  const noiseOf = ({ noise, seed }: TrainedRequest): Float32Array => {
    if (noise && noise.length !== noiseSize)
      throw new RangeError(`Expected ${noiseSize} numbers of noise, got ${noise.length}`);
    const [from, step] = seed ?? [episode, question++];
    return noise ?? drawNoise(noiseSize, random(from).split("policy").split(step));
  };

  const inferBatch = async (requests: readonly TrainedRequest[]): Promise<ActionChunk[]> => {
    const checked = requests.map((request) => checkedRequest(request, network));
    const noise = requests.map(noiseOf);
    const chunks: ActionChunk[] = [];
    while (chunks.length < checked.length) {
      const pass = [chunks.length, chunks.length + largestBatch] as const;
      for (const answer of await network.infer(checked.slice(...pass), noise.slice(...pass))) {
        const promptTruncated = checked[chunks.length]!.task !== requests[chunks.length]!.task;
        chunks.push({ ...answer, horizon: info.horizon, ...(promptTruncated && { promptTruncated }) });
      }
    }
    return chunks;
  };

  return {
    id,
    info,
    ...(observationLayout && { observationLayout }),
    continues,
    largestBatch,
    async reset(seed) {
      episode = seed;
      question = 0;
    },
    infer: async (request) => (await inferBatch([request]))[0]!,
    inferBatch,
    close: () => network.close(),
  };
}

/**
 * The request, with its leftover cut to a chunk's length and its instruction cut to the prompt's room.
 * @throws RangeError for a state or leftover of the wrong size
 */
function checkedRequest(request: TrainedRequest, network: InferenceNetwork): PolicyRequest {
  const { stateNames, joints, horizon } = network.info;
  const { state, leftover, truncatePrompt } = request;
  if (state.length !== stateNames.length)
    throw new RangeError(`Expected a state of ${stateNames.length} numbers, got ${state.length}`);
  const width = joints.length;
  if (leftover && leftover.actions.length % width !== 0)
    throw new RangeError(
      `Expected the leftover of a chunk as [steps, ${width}] actions, got ${leftover.actions.length} numbers`,
    );
  return {
    ...request,
    ...(truncatePrompt && { task: network.fitTask(request) }),
    ...(leftover && { leftover: { ...leftover, actions: leftover.actions.subarray(0, horizon * width) } }),
  };
}
