import { defineConfig } from "vitest/config";

/** Tests in real time: a browser, a terminal, a serial line. They run after the others, one by one, so that nothing takes their cores. */
const realTime = ["test/studio/*.test.ts", "test/robot/pty.test.ts", "test/robot/terminal.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: realTime,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "real time", include: realTime, maxWorkers: 1, retry: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
