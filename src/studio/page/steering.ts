// What a person does with mouse, keys, held buttons and gamepad, as one input for the server. Whatever moves the hand is also the dead-man:
// to let go is to stop.
import type { Input } from "../protocol.ts";

export type Speed = Input["speed"];

/** Keys that move the hand while they are held: right, away, up, turn, open. */
export const moveKeys: Readonly<Record<string, Speed>> = {
  ArrowRight: [1, 0, 0, 0, 0],
  ArrowLeft: [-1, 0, 0, 0, 0],
  ArrowUp: [0, 1, 0, 0, 0],
  ArrowDown: [0, -1, 0, 0, 0],
  PageUp: [0, 0, 1, 0, 0],
  PageDown: [0, 0, -1, 0, 0],
  q: [0, 0, 0, 1, 0],
  e: [0, 0, 0, -1, 0],
  g: [0, 0, 0, 0, -1],
  h: [0, 0, 0, 0, 1],
};

/** Inputs a second. */
const rate = 30;
/** Metres for one notch of the wheel, and for a drag over the height of the picture with Shift. */
const lifts = { notch: 0.01, picture: 0.3 };
/** Sticks at rest are not quite at zero. */
const idleStick = 0.12;
/** Standard mapping of gamepads: the right shoulder button is the dead-man, the triggers close and open the jaws. */
const pad = { deadMan: 5, close: 7, open: 6 };

export class Steering {
  private readonly send: (input: Input) => void;
  private readonly seen: () => number;
  private readonly held = new Map<string, Speed>();
  private drag: Input["drag"];
  private inputs = 0;
  private drags = 0;

  /** @param seen number of the last state that the page has */
  constructor(send: (input: Input) => void, seen: () => number) {
    this.send = send;
    this.seen = seen;
    setInterval(() => {
      if (document.hasFocus() && !document.hidden) this.tell();
    }, 1000 / rate);
  }

  /** A key or a button begins to move the hand. @param source tells several apart */
  press(source: string, speed: Speed): void {
    this.held.set(source, speed);
    this.tell();
  }

  release(source: string): void {
    if (this.held.delete(source)) this.tell();
  }

  beginDrag(camera: string, at: readonly [number, number]): void {
    this.drag = { id: ++this.drags, camera, from: at, to: at, lift: 0 };
    this.tell();
  }

  /** @param up whether the pointer's way up and down lifts the hand instead */
  moveDrag(to: readonly [number, number], up: boolean): void {
    if (!this.drag) return;
    const [, before] = this.drag.to;
    if (up) {
      // The place of the drag stays; what it began from moves along.
      const [x, y] = this.drag.from;
      const [dx, dy] = [to[0] - this.drag.to[0], to[1] - before];
      this.drag = { ...this.drag, from: [x + dx, y + dy], to, lift: limit(this.drag.lift - dy * lifts.picture) };
    } else this.drag = { ...this.drag, to };
  }

  /** @param notches of the wheel, upwards positive */
  lift(notches: number): void {
    if (this.drag) this.drag = { ...this.drag, lift: limit(this.drag.lift + notches * lifts.notch) };
  }

  get isDragging(): boolean {
    return this.drag !== undefined;
  }

  endDrag(): void {
    this.drag = undefined;
    this.tell();
  }

  /** Everything is let go: the page lost the focus. */
  letGo(): void {
    this.held.clear();
    this.drag = undefined;
  }

  private tell(): void {
    const speeds = [...this.held.values(), ...padSpeeds()];
    const speed = [0, 1, 2, 3, 4].map((axis) => limit(speeds.reduce((sum, one) => sum + one[axis]!, 0)));
    this.send({
      n: ++this.inputs,
      seen: this.seen(),
      held: this.drag !== undefined || speeds.length > 0,
      ...(this.drag && { drag: this.drag }),
      speed: speed as unknown as Speed,
    });
  }
}

const limit = (x: number): number => Math.min(1, Math.max(-1, x));

/** Speeds of the gamepads whose dead-man is held. */
function padSpeeds(): Speed[] {
  return [...navigator.getGamepads()].flatMap((one): Speed[] => {
    if (!one?.buttons[pad.deadMan]?.pressed) return [];
    const [x = 0, y = 0, turn = 0, height = 0] = one.axes.map((value) => (Math.abs(value) < idleStick ? 0 : value));
    const jaws = (one.buttons[pad.open]?.value ?? 0) - (one.buttons[pad.close]?.value ?? 0);
    return [[x, -y, -height, -turn, jaws]];
  });
}
