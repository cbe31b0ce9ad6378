/** What tells about a delivery and authenticates nobody. A proxy may add secrets under any name, so all others are hidden. */
const READABLE = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'forwarded',
  'host',
  'idempotency-key',
  'transfer-encoding',
  'user-agent',
  'via',
  'webhook-id',
  'webhook-timestamp',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitlab-instance',
  'x-gitlab-webhook-uuid',
  'x-real-ip',
  'x-request-id',
]);
const OF_GITHUB =
  /^x-github-(?:delivery|event|enterprise-(?:host|version)|hook-(?:id|installation-target-(?:id|type)))$/;

/** One value per name; repeated headers are joined as HTTP says. */
export function flatten(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const flat: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    flat[name] = typeof value === 'string' || value === undefined ? value : value.join(', ');
  }
  return flat;
}

/** Id of the hook that sent a delivery; null where the forge does not tell. */
export function hookOf(headers: Readonly<Record<string, string | undefined>>): string | null {
  return headers['x-github-hook-id'] ?? headers['x-gitlab-webhook-uuid'] ?? null;
}

/** Headers as they may be stored and shown: whatever is not known to be harmless becomes `***`. */
export function mask(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const masked: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) masked[name] = READABLE.has(name) || OF_GITHUB.test(name) ? value : '***';
  }
  return masked;
}
