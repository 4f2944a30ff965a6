// What page and server say to each other, over one WebSocket. Pictures are binary, everything else is JSON. The server owns all state: the
// page shows it and asks.

/** What a person may ask for. */
export const commands = [
  "start",
  "again",
  "hold",
  "continue",
  "take over",
  "hand back",
  "success",
  "failure",
  "discard",
  "stop",
  "take the controls",
] as const;
export type Command = (typeof commands)[number];

/** The page's input, 30 times a second while it is visible. It tells the server that a person is there. */
export interface Input {
  /** Grows with every input. */
  readonly n: number;
  /** Number of the last state that the page had, so that the server knows how old this input is. */
  readonly seen: number;
  /** Whether a person holds the dead-man: a drag, a key or a button that moves the hand. */
  readonly held: boolean;
  readonly drag?: {
    readonly id: number;
    readonly camera: string;
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly lift: number;
  };
  readonly speed: readonly [number, number, number, number, number];
}

export type FromPage =
  | { readonly type: "hello"; readonly token?: string }
  /** `seen` is the number of the last state, as in `Input`. */
  | { readonly type: "ask"; readonly n: number; readonly seen: number; readonly what: Command }
  | { readonly type: "input"; readonly input: Input }
  | { readonly type: "away" }
  | { readonly type: "drawn"; readonly camera: number; readonly frame: number };

export type Phase = "ready" | "starting" | "running" | "saving" | "ended";

/** What the page shows. */
export interface LiveState {
  readonly n: number;
  readonly phase: Phase;
  /** Who acts: the policy, nobody (the arm holds still), or the person. */
  readonly actor: "policy" | "held" | "you";
  /** What happened last, or why the arm holds still; a sentence. */
  readonly notice: string;
  readonly instruction: string;
  /** Of this sitting, from 1. */
  readonly episode: number;
  readonly seconds: number;
  readonly outcome?: "success" | "failure" | "discarded";
  /** Of this sitting. `interval` is Wilson's 95 % interval of the success rate, absent without episodes. */
  readonly score: {
    readonly successes: number;
    readonly episodes: number;
    readonly interval?: readonly [number, number];
  };
  /** Value of the present observation, −1 to 0. */
  readonly value?: number;
  /** Age of the operator's picture in milliseconds; absent before the first. */
  readonly pictureAge?: number;
  /** The hand in the first camera's picture, as shares of width and height. */
  readonly hand?: readonly [number, number];
  readonly lateTicks: number;
  /** Whether this page has the controls, another one has, or none is there. */
  readonly operator: "you" | "another" | "nobody";
}

export interface Welcome {
  readonly token: string;
  readonly task: string;
  readonly policy: string;
  readonly dataset: string;
  readonly timeLimit: number;
  /** Milliseconds from which a picture is too old for a take-over. */
  readonly oldest: number;
  readonly cameras: readonly { readonly name: string; readonly width: number; readonly height: number }[];
  readonly hasValue: boolean;
  /** Seconds and value of the last ten seconds. */
  readonly values: readonly (readonly [number, number])[];
}

export type FromServer =
  | { readonly type: "welcome"; readonly welcome: Welcome }
  | { readonly type: "state"; readonly state: LiveState }
  | { readonly type: "answer"; readonly n: number; readonly refused?: string };

/** Bytes before a picture's JPEG: kind (1), camera (1), two of padding, the frame's number. */
export const pictureHeader = 8;
const pictureKind = 1;

/** A camera's picture as one binary message. */
export function packPicture(camera: number, frame: number, jpeg: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(pictureHeader + jpeg.length);
  message[0] = pictureKind;
  message[1] = camera;
  new DataView(message.buffer).setUint32(4, frame);
  message.set(jpeg, pictureHeader);
  return message;
}

/** Camera and number of a picture; undefined if the message is none. */
export function pictureOf(message: ArrayBuffer): { readonly camera: number; readonly frame: number } | undefined {
  const view = new DataView(message);
  if (message.byteLength <= pictureHeader || view.getUint8(0) !== pictureKind) return undefined;
  return { camera: view.getUint8(1), frame: view.getUint32(4) };
}
