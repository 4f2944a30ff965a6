/** An event as a line of JSON: the time, its name, and what belongs to it. */
export const logLine = (event: string, fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ time: new Date().toISOString(), event, ...fields });
