// Pictures to one page. A camera's next picture leaves only when the page has drawn the last: a slow page then misses pictures, and is
// never seconds behind.

interface Sent {
  readonly frame: number;
  /** Milliseconds of the server's clock. */
  readonly takenAt: number;
}

export class PictureFlow {
  private readonly waiting: (Sent | undefined)[];
  private readonly shown: (Sent | undefined)[];
  private frame = 0;

  constructor(cameras: number) {
    this.waiting = Array.from({ length: cameras });
    this.shown = Array.from({ length: cameras });
  }

  /** Whether the page has drawn the camera's last picture. */
  isReady(camera: number): boolean {
    return this.waiting[camera] === undefined;
  }

  /** A picture leaves. @returns its number */
  send(camera: number, takenAt: number): number {
    this.frame++;
    this.waiting[camera] = { frame: this.frame, takenAt };
    return this.frame;
  }

  /** The page has drawn a picture. A number that it was not sent changes nothing. */
  drawn(camera: number, frame: number): void {
    const waiting = this.waiting[camera];
    if (waiting?.frame !== frame) return;
    this.shown[camera] = waiting;
    this.waiting[camera] = undefined;
  }

  /** Milliseconds since the first camera's shown picture was taken. Undefined before the first. */
  age(now: number): number | undefined {
    const shown = this.shown[0];
    return shown && now - shown.takenAt;
  }
}
