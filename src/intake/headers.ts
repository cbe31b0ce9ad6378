const SECRET = /authorization|cookie|token|secret|signature|password|credential|api-?key|client-cert/;

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

/** Headers as they may be stored and shown: what authenticates someone becomes `***`. */
export function mask(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const masked: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) masked[name] = SECRET.test(name) ? '***' : value;
  }
  return masked;
}
