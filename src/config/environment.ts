/** The environment of this process. The only place that reads it: everything else is handed values. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return Object.freeze({ ...process.env });
}
