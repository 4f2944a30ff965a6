// Counters and histograms in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => string[];
}

interface Counter {
  add(label?: string): void;
}

interface Histogram {
  observe(value: number, label?: string): void;
}

/** A set of measures, each with at most one label. */
export class Metrics {
  private readonly families: Family[] = [];

  /** Counts from 0: for each value of the label, or all without one. */
  counter(name: string, help: string, label?: string, values: readonly string[] = [""]): Counter {
    const counts = new Map(values.map((value) => [value, 0]));
    const lines = () =>
      [...counts].map(([value, count]) => `${name}${label === undefined ? "" : `{${label}="${value}"}`} ${count}`);
    this.families.push({ name, help, type: "counter", lines });
    return { add: (value = "") => void counts.set(value, (counts.get(value) ?? 0) + 1) };
  }

  gauge(name: string, help: string, read: () => number): void {
    this.families.push({ name, help, type: "gauge", lines: () => [`${name} ${read()}`] });
  }

  /** Counts of values up to each bound (ascending), with their sum; one for each value of the label, or one in all without. */
  histogram(name: string, help: string, bounds: readonly number[], label?: string): Histogram {
    const series = new Map<string, { counts: Float64Array; sum: number }>();
    const lines = () =>
      [...series].flatMap(([value, { counts, sum }]) => {
        const own = label === undefined ? "" : `${label}="${value}"`;
        let total = 0;
        const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
          total += counts[i]!;
          return `${name}_bucket{${own}${own && ","}le="${bound === Number.POSITIVE_INFINITY ? "+Inf" : bound}"} ${total}`;
        });
        const labels = own && `{${own}}`;
        return [...buckets, `${name}_sum${labels} ${sum}`, `${name}_count${labels} ${total}`];
      });
    this.families.push({ name, help, type: "histogram", lines });
    return {
      observe(value, key = "") {
        let one = series.get(key);
        if (!one) {
          one = { counts: new Float64Array(bounds.length + 1), sum: 0 };
          series.set(key, one);
        }
        const bucket = bounds.findIndex((bound) => value <= bound);
        one.counts[bucket === -1 ? bounds.length : bucket]!++;
        one.sum += value;
      },
    };
  }

  text(): string {
    return this.families
      .map(({ name, help, type, lines }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines().join("\n")}\n`)
      .join("");
  }
}

/** A policy server's metrics. */
export function serverMetrics(clients: () => number) {
  const metrics = new Metrics();
  metrics.gauge("pistar_clients", "Connected clients.", clients);
  return {
    metrics,
    requests: metrics.counter("pistar_requests_total", "Messages of clients.", "outcome", [
      "answered",
      "bad request",
      "policy error",
    ]),
    connections: metrics.counter("pistar_connections_total", "Attempts to connect.", "outcome", [
      "accepted",
      "wrong key",
      "wrong host",
      "wrong origin",
      "full",
    ]),
    truncatedPrompts: metrics.counter(
      "pistar_truncated_prompts_total",
      "Prompts that were longer than the policy's room and were cut.",
    ),
    reloads: metrics.counter("pistar_reloads_total", "Reloads of the policy.", "outcome", ["done", "failed"]),
    seconds: metrics.histogram(
      "pistar_stage_seconds",
      "Time of a message by stage: decode, wait (for the batch), infer (the batch), encode, total.",
      [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      "stage",
    ),
    batches: metrics.histogram(
      "pistar_batch_size",
      "Requests that the policy answered at once.",
      [1, 2, 4, 8, 16, 32, 64],
    ),
  };
}

export type ServerMetrics = ReturnType<typeof serverMetrics>;
