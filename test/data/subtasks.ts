// Writes subtasks into a dataset as LeRobot stores them, with DuckDB's parquet writer instead of ours.
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

export interface SubtaskRow {
  readonly content: string | null;
  readonly timestamp: number;
  readonly style?: string;
}

/** Adds the column language_persistent: the same rows at every frame of an episode; null where an episode has none. */
export async function addSubtasks(
  root: string,
  rows: (episode: number) => readonly SubtaskRow[] | null,
  episodes: number,
) {
  const text = (value: string | null) => (value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`);
  const struct = ({ content, timestamp, style = "subtask" }: SubtaskRow) =>
    `{role: 'assistant', content: ${text(content)}, style: '${style}', timestamp: ${timestamp}::FLOAT, camera: NULL::VARCHAR, ` +
    "tool_calls: NULL::VARCHAR[]}";
  const cases = Array.from({ length: episodes }, (_, episode) => {
    const own = rows(episode);
    return `WHEN ${episode} THEN ${own === null ? "NULL" : `[${own.map(struct).join(", ")}]`}`;
  });
  const connection = await (await DuckDBInstance.create()).connect();
  for (const entry of readdirSync(join(root, "data"), { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".parquet")) continue;
    const file = join(entry.parentPath, entry.name);
    await connection.run(
      `COPY (SELECT *, CASE episode_index ${cases.join(" ")} END AS language_persistent FROM '${file}' ORDER BY index) ` +
        `TO '${file}.new' (FORMAT parquet)`,
    );
    renameSync(`${file}.new`, file);
  }
  connection.closeSync();
  const path = join(root, "meta/info.json");
  const info = JSON.parse(readFileSync(path, "utf8"));
  info.features.language_persistent = { dtype: "language", shape: [1], names: null };
  writeFileSync(path, JSON.stringify(info));
}
