// Acting with action chunks: executes part of a chunk and has the next one computed meanwhile, or holds still meanwhile. In simulation an answer
// counts so many periods after its question, however long it took; in real time it counts when it is there. Nothing that a policy does wrong stops the run:
// it is reported, the robot holds still, and the policy is asked again.
import type { ActionChunk, Joint, Leftover, Observation, Policy } from "../robot/index.ts";
import { type ControlPeriod, type Driver, faultOf, type Trouble } from "../robot/index.ts";
import { NoAnswerError } from "../serve/index.ts";

/**
 * What happens while the next chunk is computed. sync: the robot holds still. async: it goes on with the present chunk, then jumps into the new
 * one. rtc: it goes on, and the policy is told what is left of the present chunk and how much of that will be executed meanwhile, the most of
 * the last few times, so that the new chunk continues it (real-time chunking, Algorithm 1 of arXiv 2506.07339).
 */
export type Chunking = "sync" | "async" | "rtc";

export interface ChunkOptions {
  readonly chunking: Chunking;
  /** Actions of a chunk that are executed before those of the next one are. */
  readonly executeSteps: number;
  /**
   * Control periods from asking to the answer. In simulation exactly that, 0 being at once; in real time an estimate, which says how early to
   * ask. The first actions of an answer, those for the periods that were acted meanwhile, are skipped; with sync there are none.
   */
  readonly latency: number;
  /** Seconds of real time after which a policy that has not answered is not waited for. */
  readonly deadline: number;
}

export interface DriverOptions extends ChunkOptions {
  readonly joints: readonly Joint[];
  readonly fps: number;
  /** Whether answers count when they arrive instead of `latency` periods after the question. */
  readonly realTime: boolean;
}

/** Seconds after which a policy that failed is asked again. */
const retryAfter = 1;
/** Measured delays of which the largest is expected of the next answer. */
const rememberedDelays = 10;

/** Where one chunk ended and the next took over: what was sent last of one, and first of the other. */
export interface Border {
  readonly before: Float32Array;
  readonly after: Float32Array;
}

interface Question {
  readonly askedAt: number;
  /** Periods acted since it was asked. */
  acted: number;
  /** Someone else acted meanwhile, or the episode ended: the answer is dropped. */
  stale: boolean;
  /** It was waited for as long as the deadline says. */
  waited: boolean;
  /** That the answer is late was said already in this episode. */
  reported: boolean;
  answer: { readonly chunk: ActionChunk } | { readonly error: unknown } | undefined;
  /** Resolves when the answer is there; never rejects. */
  readonly settled: Promise<void>;
}

interface Plan {
  readonly chunk: ActionChunk;
  /** The action that is next. */
  at: number;
  executed: number;
}

export class PolicyDriver implements Driver {
  readonly id: string;
  readonly finished = false;
  private readonly policy: Policy;
  private readonly options: DriverOptions;
  private question: Question | undefined;
  private plan: Plan | undefined;
  /** Step before which the policy is not asked, because it failed. */
  private notBefore = 0;
  private unready: Error | undefined;
  /** Actions that were executed from questions to their answers, the last few times; at first what is expected. */
  private delays: number[] = [];
  /** What was sent last in this episode, unless somebody else has acted since. */
  private last: Float32Array | undefined;
  private found: Border[] = [];

  /** The policy stays the caller's to close. */
  constructor(policy: Policy, options: DriverOptions) {
    for (const [name, least] of [
      ["executeSteps", 1],
      ["latency", 0],
    ] as const)
      if (!(Number.isInteger(options[name]) && options[name] >= least))
        throw new RangeError(`Expected ${name} to be a whole number from ${least} up, got ${options[name]}`);
    if (options.chunking === "rtc" && !policy.continues)
      throw new Error(
        `Expected a policy whose chunks can continue others for rtc (a trained policy, or a server that says it takes rtc/prev_actions), got ${policy.id}; async asks nothing of a policy`,
      );
    this.policy = policy;
    this.id = policy.id;
    this.options = options;
  }

  /** Whether the policy was waited for in vain and has still not answered: it may never do so again. */
  get stuck(): boolean {
    const { question } = this;
    return question?.waited === true && !question.answer;
  }

  /** The borders between chunks in this episode so far. */
  get borders(): readonly Border[] {
    return this.found;
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
      this.unready = error as Error;
    }
  }

  interrupt(): void {
    this.plan = undefined;
    this.last = undefined;
    if (this.question) this.question.stale = true;
  }

  async next(period: ControlPeriod): Promise<ArrayLike<number> | undefined> {
    if (this.unready) {
      if (period.step === 0) period.report("error", `The policy could not begin the episode: ${this.unready.message}`);
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

  /** What is left of the present chunk, where the next one is to continue it. */
  private get leftover(): Leftover | undefined {
    const { plan } = this;
    if (this.options.chunking !== "rtc" || !plan || plan.at >= plan.chunk.horizon) return undefined;
    const actions = plan.chunk.actions.slice(plan.at * this.options.joints.length);
    return { actions, delay: Math.max(...this.delays) };
  }

  private ask(step: number, observation: Observation): Question {
    const { leftover } = this;
    const settle = (answer: Question["answer"]) => {
      question.answer = answer;
    };
    const question: Question = {
      askedAt: step,
      acted: 0,
      stale: false,
      waited: false,
      reported: false,
      answer: undefined,
      settled: Promise.resolve()
        .then(() => this.policy.infer({ ...observation, ...(leftover && { leftover }) }))
        .then(
          (chunk) => settle({ chunk }),
          (error: unknown) => settle({ error }),
        ),
    };
    return question;
  }

  /** Takes the answer if it is there and counts. */
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
  }

  /** Waits for the answer, at most once for as long as the deadline; where it does not wait it only lets an answer in that is there. */
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

  /** Forgets a question whose answer nobody wants, once it is answered: a policy is asked one thing at a time. */
  private async dropStale(patiently: boolean): Promise<boolean> {
    const { question } = this;
    if (!question) return true;
    await this.wait(question, patiently);
    if (!question.answer) return false;
    this.question = undefined;
    return true;
  }
}

/** Whether a promise settles within so many seconds. */
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
