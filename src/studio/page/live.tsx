// The Live screen: cameras, who acts, value, score, and the keys that are also buttons.
import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveState, Welcome } from "../protocol.ts";
import { Connection, type Link } from "./connection.ts";
import { type Control, controls } from "./controls.ts";
import type { Drawn, ToPictures } from "./picture-worker.ts";
import { moveKeys, type Speed, Steering } from "./steering.ts";
import { ValueChart } from "./value-chart.tsx";

const remembered = 10;

export function Live() {
  const [welcome, setWelcome] = useState<Welcome>();
  const [state, setState] = useState<LiveState>();
  const [link, setLink] = useState<Link>("connecting");
  const [refusal, setRefusal] = useState("");
  const [values, setValues] = useState<readonly (readonly [number, number])[]>([]);
  const latest = useRef<{ state?: LiveState; steerable: boolean; link: Link }>({
    steerable: false,
    link: "connecting",
  });
  const parts = useRef<{ connection: Connection; steering: Steering; worker: Worker }>(undefined);

  useEffect(() => {
    const worker = new Worker(new URL("./picture-worker.ts", import.meta.url), { type: "module" });
    const connection = new Connection({
      welcome(given) {
        setWelcome(given);
        setValues(given.values);
      },
      state(next) {
        const { state: before } = latest.current;
        latest.current.state = next;
        setState(next);
        if (before?.notice !== next.notice || before.phase !== next.phase) setRefusal("");
        if (before && next.episode !== before.episode) setValues([]);
        const { seconds, value } = next;
        if (value !== undefined && (!before || before.seconds !== seconds))
          setValues((all) => [...all.filter(([at]) => at > seconds - remembered && at < seconds), [seconds, value]]);
      },
      picture: (message) => worker.postMessage({ message } satisfies ToPictures, [message]),
      link(next) {
        latest.current.link = next;
        setLink(next);
      },
    });
    worker.onmessage = ({ data }: MessageEvent<Drawn>) => connection.send({ type: "drawn", ...data });
    const steering = new Steering(
      (input) => connection.send({ type: "input", input }),
      () => latest.current.state?.n ?? 0,
    );
    parts.current = { connection, steering, worker };
    const leave = () => {
      steering.letGo();
      connection.send({ type: "away" });
    };
    const hide = () => document.hidden && leave();
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const move = moveKeys[key];
      const control = available().find((one) => one.key === key.toLowerCase());
      if (!move && !control) return;
      event.preventDefault();
      if (event.repeat) return;
      if (move) steering.press(key, move);
      else void ask(control!); // the server says why, if it refuses
    };
    const up = ({ key }: KeyboardEvent) => steering.release(key.length === 1 ? key.toLowerCase() : key);
    window.addEventListener("blur", leave);
    document.addEventListener("visibilitychange", hide);
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
  }, []);

  const available = () => {
    const { state: now, steerable, link: connected } = latest.current;
    return now && connected === "open" ? controls(now, steerable) : [];
  };
  const ask = async ({ command }: Control) =>
    setRefusal((await parts.current!.connection.ask(command, latest.current.state?.n ?? 0)) ?? "");

  if (!welcome || !state)
    return (
      <main class="alone">
        <h1>pistar studio</h1>
        <p role="status">
          {link === "lost" ? "The studio does not answer. Is pistar studio running?" : "Connecting …"}
        </p>
      </main>
    );
  const age = state.pictureAge;
  const steerable = age !== undefined && age <= welcome.oldest;
  latest.current.steerable = steerable;
  const connected = link === "open";
  const { steering, worker } = parts.current!;
  const { successes, episodes, interval } = state.score;
  const percent = (share: number) => `${Math.round(100 * share)}\u00a0%`;
  return (
    <main>
      <Band state={state} connected={connected} />
      <section class="where">
        <h1>{state.instruction}</h1>
        <p>
          {state.episode === 0 ? "no episode yet" : `episode ${state.episode}`} ·{" "}
          <b class="number">{state.seconds.toFixed(1)}</b> of {welcome.timeLimit} s · policy <b>{welcome.policy}</b>
        </p>
      </section>
      <section class="front">
        <Picture
          {...{ worker, steering, welcome, camera: 0 }}
          hand={state.hand}
          steers={connected && state.operator === "you" && state.actor === "you"}
          onGrab={() => {
            const control = available().find(({ command }) => command === "take over");
            if (control?.enabled) void ask(control);
          }}
        />
        <div class="notices">
          <p role="status" id="notice" class={refusal || !connected ? "warn" : ""}>
            {!connected
              ? link === "silent"
                ? "The studio is silent. The arm holds still if it does not hear this page."
                : "The connection is lost. The arm holds still; connecting again …"
              : refusal || [watching(state), state.notice, hint(state, state.notice !== "")].join(" ")}
          </p>
          <p class={steerable ? "age" : "age warn"}>
            {age === undefined ? "no picture yet" : `picture ${age} ms old`}
            {steerable || age === undefined ? "" : ": too old to steer by"}
          </p>
        </div>
      </section>
      <aside>
        <Picture {...{ worker, steering, welcome, camera: 1 }} />
        <section class="card">
          <h2>Value now {state.value === undefined ? "" : <b class="number">{state.value.toFixed(2)}</b>}</h2>
          {welcome.hasValue ? (
            <>
              <ValueChart samples={values} />
              <p class="small">0: about to succeed. −1: failed, or about to.</p>
            </>
          ) : (
            <p class="small">No value function. pistar studio --value FOLDER shows its curve here.</p>
          )}
        </section>
        <section class="card">
          <h2>This sitting</h2>
          <p id="score">
            <b>
              {successes} of {episodes}
            </b>{" "}
            succeeded
            {interval &&
              `, ${percent(successes / episodes)} (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`}
          </p>
          <p class="small">
            Recorded into {welcome.dataset}. {state.lateTicks} late control periods in the last episode.
          </p>
        </section>
      </aside>
      <nav aria-label="Commands">
        {(connected ? controls(state, steerable) : []).map((control) => (
          <button
            type="button"
            key={control.command + control.key}
            class={control.kind ?? ""}
            disabled={!control.enabled}
            onClick={(event) => {
              event.currentTarget.blur();
              void ask(control);
            }}
          >
            {control.text} <kbd>{control.shown}</kbd>
          </button>
        ))}
      </nav>
      {connected && state.operator === "you" && state.actor === "you" && <HandButtons steering={steering} />}
    </main>
  );
}

/** Who acts, in a word, a sign and a colour. */
function Band({ state, connected }: { readonly state: LiveState; readonly connected: boolean }) {
  const { phase, actor, outcome } = state;
  if (!connected) return <div class="band lost">✕ Not connected</div>;
  if (phase === "running") {
    const words = { policy: "▶ The policy acts", held: "❚❚ The arm is held", you: "◆ You have the arm" };
    return <div class={`band ${actor}`}>{words[actor]}</div>;
  }
  if (phase === "ended")
    return (
      <div class={`band ${outcome ?? "held"}`}>
        {outcome === "success" ? "✓ Success" : outcome === "failure" ? "✗ Failure" : "○ Not recorded"}
      </div>
    );
  const words = { ready: "○ Ready", starting: "… The scene is put back", saving: "… Saving" };
  return <div class="band">{words[phase]}</div>;
}

function watching({ operator }: LiveState): string {
  if (operator === "you") return "";
  return operator === "another" ? "You watch: another page has the controls." : "Nobody has the controls.";
}

/** @param told whether a notice stands before it */
function hint({ phase, actor, operator }: LiveState, told: boolean): string {
  if (operator !== "you") return "";
  if (phase === "ended") return "Press N for the next episode.";
  if (phase === "ready") return "Press N to start. Grab the hand in the picture at any time to take over.";
  if (told && actor !== "you") return "";
  if (actor === "policy") return "Grab the hand in the picture to take over, or press T.";
  if (actor === "you")
    return "Drag: over the table. Wheel or Shift: up and down. Arrows, Page Up/Down, Q/E turn, G close, H open. Let go to stop.";
  return "";
}

interface PictureProps {
  readonly worker: Worker;
  readonly steering: Steering;
  readonly welcome: Welcome;
  readonly camera: number;
  readonly hand?: LiveState["hand"];
  readonly steers?: boolean;
  /** The hand is grabbed while somebody else acts. */
  readonly onGrab?: () => void;
}

function Picture({ worker, steering, welcome, camera, hand, steers = false, onGrab }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { name, width, height } = welcome.cameras[camera]!;
  useEffect(() => {
    const offscreen = canvas.current!.transferControlToOffscreen();
    worker.postMessage({ camera, canvas: offscreen } satisfies ToPictures, [offscreen]);
  }, []);
  const at = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    const share = (x: number) => Math.min(2, Math.max(-1, x));
    return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)];
  };
  const steering_ = onGrab && {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      canvas.current!.setPointerCapture(event.pointerId);
      if (!steers) onGrab();
      steering.beginDrag(name, at(event));
    },
    onPointerMove: (event: PointerEvent) => steering.moveDrag(at(event), event.shiftKey),
    onPointerUp: () => steering.endDrag(),
    onPointerCancel: () => steering.endDrag(),
    onWheel(event: WheelEvent) {
      if (!steering.isDragging) return;
      event.preventDefault();
      steering.lift(-Math.sign(event.deltaY));
    },
  };
  return (
    <figure class={`picture ${onGrab ? "grabs" : ""} ${steers ? "steers" : ""}`}>
      <canvas ref={canvas} {...{ width, height }} aria-label={`Camera ${name}`} role="img" {...steering_} />
      {hand && (
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <ellipse
            cx={100 * hand[0]}
            cy={100 * hand[1]}
            rx={2.4}
            ry={(2.4 * width) / height}
            vector-effect="non-scaling-stroke"
          />
        </svg>
      )}
      <figcaption>{name}</figcaption>
    </figure>
  );
}

/** For a tablet: what the keys do, while a button is held. */
const handButtons: readonly (readonly [text: string, key: keyof typeof moveKeys, shown: string])[] = [
  ["Up", "PageUp", "PgUp"],
  ["Down", "PageDown", "PgDn"],
  ["Turn left", "q", "Q"],
  ["Turn right", "e", "E"],
  ["Close", "g", "G"],
  ["Open", "h", "H"],
];

function HandButtons({ steering }: { readonly steering: Steering }) {
  return (
    <nav class="hand" aria-label="Hand, while held">
      <span>Hold to move:</span>
      {handButtons.map(([text, key, shown]) => {
        const source = `button ${key}`;
        const release = () => steering.release(source);
        return (
          <button
            type="button"
            key={key}
            onPointerDown={() => steering.press(source, moveKeys[key] as Speed)}
            onPointerUp={release}
            onPointerLeave={release}
            onPointerCancel={release}
            onContextMenu={(event) => event.preventDefault()}
          >
            {text} <kbd>{shown}</kbd>
          </button>
        );
      })}
    </nav>
  );
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select");
