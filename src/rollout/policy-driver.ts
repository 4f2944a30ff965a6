// Drives a robot by a policy's action chunks. It executes part of a chunk while the policy computes the next one. In simulation an answer
// counts a fixed number of periods after its question; in real time it counts on arrival. A policy's fault never stops the run: the driver
// reports it, the robot holds still, and the policy is asked again.
import type { ActionChunk, Joint, Leftover, Observation, Policy } from "../robot/index.ts";
import { type ControlPeriod, type Driver, faultOf, type Trouble } from "../robot/index.ts";
import { NoAnswerError } from "../serve/index.ts";
import { PistarError } from "../system/index.ts";

/**
 * The robot's behaviour while the next chunk is computed. sync: it holds still. async: it goes on with the present chunk, then jumps into the
 * new one. rtc: it goes on, and the new chunk continues the present one (real-time chunking, Algorithm 1 of arXiv 2506.07339). For rtc the
 * policy is given the rest of the present chunk and the expected delay, the largest of the last few.
 */
export type Chunking = "sync" | "async" | "rtc";

export interface ChunkOptions {
  readonly chunking: Chunking;
  /** Actions of a chunk to execute before the next chunk takes over. */
  readonly executeSteps: number;
  /**
   * Control periods from question to answer. In simulation this is exact, and 0 means at once. In real time it is an estimate: the driver
   * asks that much earlier. The first actions of an answer are skipped, one for each period acted meanwhile; with sync there are none.
   */
  readonly latency: number;
  /** Longest wait for an answer, seconds of real time. */
  readonly deadline: number;
  /** How often a policy that says subtasks says a new one, per second. Between, its chunks follow the last. */
  readonly subtaskRate: number;
}

/** How chunks are executed unless options say otherwise. */
export const chunkDefaults = {
  chunking: "async",
  executeSteps: 8,
  latency: 0,
  deadline: 30,
  subtaskRate: 1,
} as const satisfies ChunkOptions;

/** The robot, or what of it matters here, and how chunks are executed; default: `chunkDefaults`. */
export interface DriverOptions extends Partial<ChunkOptions> {
  readonly joints: readonly Joint[];
  readonly fps: number;
  /** Whether answers count on arrival, not `latency` periods after the question. */
  readonly realTime: boolean;
}

/** Seconds from a policy's fault to the next question. */
const retryAfter = 1;
/** Number of measured delays. The largest of them is the expected delay. */
const rememberedDelays = 10;

/** The border between two chunks: the last target sent of one, the first of the next. */
export interface Border {
  readonly before: Float32Array;
  readonly after: Float32Array;
}

interface Question {
  readonly askedAt: number;
  /** Whether the policy was told the subtask of an earlier answer. */
  readonly toldSubtask: boolean;
  /** Periods acted since it was asked. */
  acted: number;
  /** Someone else acted meanwhile, or the episode ended. The answer is dropped. */
  stale: boolean;
  /** The driver waited until the deadline. */
  waited: boolean;
  /** The late answer was reported in this episode. */
  reported: boolean;
  answer: { readonly chunk: ActionChunk } | { readonly error: unknown } | undefined;
  /** Resolves when the answer is there; never rejects. */
  readonly settled: Promise<void>;
}

interface Plan {
  readonly chunk: ActionChunk;
  /** Index of the next action. */
  at: number;
  executed: number;
}

export class PolicyDriver implements Driver {
  readonly id: string;
  readonly finished = false;
  private readonly policy: Policy;
  private readonly options: DriverOptions & ChunkOptions;
  private question: Question | undefined;
  private plan: Plan | undefined;
  /** After a fault: the first step at which the policy is asked again. */
  private notBefore = 0;
  /** Why the policy could not begin the episode, and whether that was reported. */
  private unready: { readonly error: Error; reported: boolean } | undefined;
  /** Periods acted between question and answer, the last few times; at first the expected number. */
  private delays: number[] = [];
  /** The last target sent in this episode, unless somebody else has acted since. */
  private last: Float32Array | undefined;
  private found: Border[] = [];
  /** What the policy says that it does, and the period in which it was asked. */
  private said: { readonly subtask: string; readonly step: number } | undefined;

  /**
   * The policy stays the caller's to close.
   *
   * @param given a robot, or its joints, rate and clock with other options
   * @throws RangeError or PistarError bad-option for chunk options that do not fit
   */
  constructor(policy: Policy, given: DriverOptions) {
    const { joints, fps, realTime } = given;
    const { chunking, executeSteps, latency, deadline, subtaskRate } = { ...chunkDefaults, ...given };
    const options = { joints, fps, realTime, chunking, executeSteps, latency, deadline, subtaskRate };
    if (!(subtaskRate > 0)) throw new RangeError(`Expected a rate of subtasks above 0 per second, got ${subtaskRate}`);
    for (const [name, least] of [
      ["executeSteps", 1],
      ["latency", 0],
    ] as const)
      if (!(Number.isInteger(options[name]) && options[name] >= least))
        throw new RangeError(`Expected ${name} to be a whole number from ${least} up, got ${options[name]}`);
    if (options.chunking === "rtc" && !policy.continues)
      throw new PistarError(
        "bad-option",
        `Expected a policy whose chunks can continue others for rtc (a trained policy, or a server that says it takes rtc/prev_actions), got ${policy.id}; async asks nothing of a policy`,
      );
    this.policy = policy;
    this.id = policy.id;
    this.options = options;
  }

  /** Whether the driver waited in vain and the policy has still not answered. It may never answer again. */
  get stuck(): boolean {
    const { question } = this;
    return question?.waited === true && !question.answer;
  }

  /** The borders between chunks in this episode so far. */
  get borders(): readonly Border[] {
    return this.found;
  }

  /** What the policy says that it does now; undefined if it says nothing. */
  get subtask(): string | undefined {
    return this.said?.subtask;
  }

  async reset(seed: number): Promise<void> {
    this.interrupt();
    this.notBefore = 0;
    this.delays = [this.options.latency];
    this.found = [];
    if (!(await this.dropStale(true))) this.question!.reported = false;
    try {
      await this.policy.reset(seed);
      this.unready = undefined;
    } catch (error) {
      this.unready = { error: error as Error, reported: false };
    }
  }

  interrupt(): void {
    this.plan = undefined;
    this.said = undefined;
    this.last = undefined;
    if (this.question) this.question.stale = true;
  }

  async next(period: ControlPeriod): Promise<ArrayLike<number> | undefined> {
    if (this.unready) {
      const { error, reported } = this.unready;
      if (!reported) period.report("error", `The policy could not begin the episode: ${error.message}`);
      this.unready.reported = true;
      return undefined;
    }
    if (this.question?.stale && !(await this.dropStale(!this.options.realTime))) {
      this.reportLate(period, this.question, "is still busy with an earlier observation");
      return undefined;
    }
    if (this.question) await this.answer(period, this.question);
    if (!this.question && this.isDue(period.step)) {
      this.question = this.ask(period.step, await period.observe());
      await this.answer(period, this.question);
    }
    return this.act(period);
  }

  private isDue(step: number): boolean {
    const { chunking, executeSteps, latency } = this.options;
    if (step < this.notBefore) return false;
    const { plan } = this;
    const ahead = chunking === "sync" ? 0 : latency;
    return !plan || plan.executed >= executeSteps - ahead || plan.at >= plan.chunk.horizon;
  }

  /** For rtc: the rest of the present chunk. */
  private get leftover(): Leftover | undefined {
    const { plan } = this;
    if (this.options.chunking !== "rtc" || !plan || plan.at >= plan.chunk.horizon) return undefined;
    const actions = plan.chunk.actions.slice(plan.at * this.options.joints.length);
    return { actions, delay: Math.max(...this.delays) };
  }

  private ask(step: number, observation: Observation): Question {
    const { leftover, said } = this;
    const { fps, subtaskRate } = this.options;
    const subtask = said && step - said.step < fps / subtaskRate ? said.subtask : undefined;
    const settle = (answer: Question["answer"]) => {
      question.answer = answer;
    };
    const question: Question = {
      askedAt: step,
      toldSubtask: subtask !== undefined,
      acted: 0,
      stale: false,
      waited: false,
      reported: false,
      answer: undefined,
      settled: Promise.resolve()
        .then(() => this.policy.infer({ ...observation, ...(leftover && { leftover }), ...(subtask && { subtask }) }))
        .then(
          (chunk) => settle({ chunk }),
          (error: unknown) => settle({ error }),
        ),
    };
    return question;
  }

  /** Takes the answer if it has come and counts. */
  private async answer(period: ControlPeriod, question: Question): Promise<void> {
    const { realTime, latency, deadline, executeSteps, fps } = this.options;
    const periods = period.step - question.askedAt;
    if (!realTime && periods < latency) return;
    await this.wait(question, !realTime);
    if (!question.answer && (realTime ? periods > deadline * fps : true))
      this.reportLate(period, question, `has not answered for ${deadline} s`);
    const { answer } = question;
    if (!answer) return;
    const { plan } = this;
    const ready = plan && plan.at < plan.chunk.horizon;
    if (ready && plan.executed < executeSteps && "chunk" in answer) return;
    this.question = undefined;
    if ("error" in answer) return this.fail(period, ...faultOfError(answer.error));
    const fault = faultOfChunk(answer.chunk, this.options.joints);
    if (fault) return this.fail(period, ...fault);
    const { horizon } = answer.chunk;
    if (question.acted >= horizon)
      return period.report("late", `All ${horizon} actions of a chunk were for periods that had passed when it came`);
    if (plan) this.delays = [...this.delays, question.acted].slice(-rememberedDelays);
    this.plan = { chunk: answer.chunk, at: question.acted, executed: 0 };
    const { subtask } = answer.chunk;
    if (subtask === undefined) this.said = undefined;
    else if (!question.toldSubtask) this.said = { subtask, step: question.askedAt };
  }

  /** Waits for the answer: patiently until the deadline, but only once; else it just lets an answer arrive that is ready. */
  private async wait(question: Question, patiently: boolean): Promise<void> {
    if (question.answer) return;
    if (patiently && !question.waited) question.waited = !(await within(question.settled, this.options.deadline));
    else await new Promise((resolve) => setImmediate(resolve));
  }

  private act(period: ControlPeriod): ArrayLike<number> | undefined {
    const { plan, question } = this;
    if (!plan) return undefined;
    if (question && this.options.chunking === "sync") return undefined;
    if (plan.at >= plan.chunk.horizon) {
      if (question) this.reportLate(period, question, `has not answered, and the chunk before has run out`);
      return undefined;
    }
    const width = this.options.joints.length;
    const targets = plan.chunk.actions.subarray(plan.at * width, (plan.at + 1) * width);
    if (plan.executed === 0 && this.last) this.found.push({ before: this.last, after: targets });
    this.last = targets;
    plan.at++;
    plan.executed++;
    if (question) question.acted++;
    return targets;
  }

  private fail(period: ControlPeriod, kind: Trouble["kind"], message: string): void {
    period.report(kind, message);
    this.plan = undefined;
    this.notBefore = period.step + Math.ceil(retryAfter * this.options.fps);
  }

  private reportLate(period: ControlPeriod, question: Question, what: string): void {
    if (question.reported) return;
    question.reported = true;
    period.report("late", `The policy ${what} (asked at period ${question.askedAt})`);
  }

  /** Forgets a stale question once it is answered. A policy is asked one thing at a time. */
  private async dropStale(patiently: boolean): Promise<boolean> {
    const { question } = this;
    if (!question) return true;
    await this.wait(question, patiently);
    if (!question.answer) return false;
    this.question = undefined;
    return true;
  }
}

/** Whether a promise settles within this many seconds. */
async function within(settled: Promise<void>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  try {
    return await Promise.race([settled.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function faultOfError(error: unknown): readonly [Trouble["kind"], string] {
  const message = error instanceof Error ? error.message : String(error);
  const kind = error instanceof NoAnswerError && error.reason === "late" ? "late" : "error";
  return [kind, `The policy failed: ${message}`];
}

function faultOfChunk(chunk: ActionChunk, joints: readonly Joint[]): readonly [Trouble["kind"], string] | undefined {
  const { actions, horizon } = chunk ?? {};
  if (!(actions instanceof Float32Array) || !(Number.isInteger(horizon) && horizon >= 1))
    return ["wrong shape", "Expected a chunk with Float32Array actions and a horizon from 1 up"];
  if (actions.length !== horizon * joints.length)
    return [
      "wrong shape",
      `Expected a chunk of [${horizon}, ${joints.length}] actions, that is ${horizon * joints.length} numbers, got ${actions.length}`,
    ];
  for (let step = 0; step < horizon; step++) {
    const fault = faultOf(actions.subarray(step * joints.length, (step + 1) * joints.length), joints);
    if (fault) return [fault[0], `${fault[1]} in action ${step} of the chunk`];
  }
  return undefined;
}
