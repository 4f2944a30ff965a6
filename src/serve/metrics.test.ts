import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";

test("counters, gauges and histograms in Prometheus' text format", () => {
  const metrics = new Metrics();
  const requests = metrics.counter("requests_total", "Requests.", "outcome", ["good", "bad"]);
  let clients = 0;
  metrics.gauge("clients", "Clients.", () => clients);
  const seconds = metrics.histogram("seconds", "Time.", [0.5, 1], "stage");
  const sizes = metrics.histogram("sizes", "Sizes.", [1]);
  requests.add("good");
  requests.add("good");
  clients = 3;
  for (const value of [0.25, 0.5, 0.75, 8]) seconds.observe(value, "all");
  sizes.observe(2);
  expect(metrics.text()).toBe(
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{outcome="good"} 2
requests_total{outcome="bad"} 0
# HELP clients Clients.
# TYPE clients gauge
clients 3
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{stage="all",le="0.5"} 2
seconds_bucket{stage="all",le="1"} 3
seconds_bucket{stage="all",le="+Inf"} 4
seconds_sum{stage="all"} 9.5
seconds_count{stage="all"} 4
# HELP sizes Sizes.
# TYPE sizes histogram
sizes_bucket{le="1"} 0
sizes_bucket{le="+Inf"} 1
sizes_sum 2
sizes_count 1
`,
  );
});
