// The value's last ten seconds.
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** Seconds. */
const span = 10;

/** @param samples seconds and value, in order */
export function ValueChart({ samples }: { readonly samples: readonly (readonly [number, number])[] }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(undefined);
  useEffect(() => {
    const element = place.current!;
    const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--faint"), grid, ticks: { show: false }, font: "12px system-ui" };
    const size = () => ({ width: element.clientWidth, height: 130 });
    chart.current = new UPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: (_, __, max) => [(max ?? 0) - span, max ?? 0] }, y: { range: [-1, 0] } },
        axes: [
          { ...axis, size: 24, values: (_, marks) => marks.map((mark) => `${mark} s`) },
          { ...axis, size: 40, splits: [-1, -0.5, 0] },
        ],
        series: [{}, { stroke: colour("--accent"), width: 2 }],
      },
      [[], []],
      element,
    );
    const watch = new ResizeObserver(() => chart.current?.setSize(size()));
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.current?.destroy();
    };
  }, []);
  useEffect(() => {
    chart.current?.setData([samples.map(([seconds]) => seconds), samples.map(([, value]) => value)]);
  }, [samples]);
  return <div ref={place} class="chart" />;
}
