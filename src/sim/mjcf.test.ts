import { expect, test } from "vitest";
import { element, formatMjcf } from "./mjcf.ts";

test("a tree is printed as XML, numbers with spaces between and markup escaped", () => {
  const body = element("body", { name: 'a "<&>"', pos: [0, -0.5, 1e-7] }, [
    element("freejoint"),
    element("geom", { size: 0.1 }),
  ]);
  expect(formatMjcf(body)).toBe(
    '<body name="a &quot;&lt;&amp;&gt;&quot;" pos="0 -0.5 1e-7">\n  <freejoint/>\n  <geom size="0.1"/>\n</body>',
  );
});
