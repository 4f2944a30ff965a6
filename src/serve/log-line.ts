/** An event as a line of JSON: the time, its name, and its fields. */
export const logLine = (event: string, fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ time: new Date().toISOString(), event, ...fields });
