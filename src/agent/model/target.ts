/** What a request to the proxy is for. `path` is below the base of the API, with its query. */
export type Target =
  | { readonly kind: 'target'; readonly token: string; readonly path: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string };

const SHAPE = /^\/t\/(?<token>[\w-]{20,100})(?<rest>\/[^?#]*)?(?<query>\?[^#]*)?$/;
/** What a path may be written with (RFC 3986), percent-encoded parts included. */
const PATH = /^[\w\-.~!$&'()*+,;=:@/%]*$/;
const QUERY = /^[\w\-.~!$&'()*+,;=:@/?%[\]]*$/;

/** Reads `/t/<token>/<path>`. Nothing that a server could take for a way out of the base is let through, decoded once or more. */
export function parseTarget(url: string, base: URL): Target {
  const { token, rest = '/', query = '' } = SHAPE.exec(url)?.groups ?? {};
  if (token === undefined) return { kind: 'unknown' };
  if (!PATH.test(rest) || !QUERY.test(query)) return refused('characters that a URL does not have');
  const segments = rest.split('/').filter((segment) => segment !== '');
  if (segments.some(leadsElsewhere)) return refused('a path that leads out of the base');
  return {
    kind: 'target',
    token,
    path: `${base.pathname === '/' ? '' : base.pathname}${below(base, segments)}${query}`,
  };
}

/** Clients disagree on whether the version is part of the base: what the base ends with is not repeated. */
function below(base: URL, segments: readonly string[]): string {
  const last = base.pathname.split('/').at(-1) ?? '';
  const isRepeated = /^v\d/.test(last) && segments[0] === last;
  return (isRepeated ? segments.slice(1) : segments).map((segment) => `/${segment}`).join('');
}

function leadsElsewhere(segment: string): boolean {
  let text = segment;
  for (let round = 0; round < 4; round += 1) {
    const name = text.split(';')[0]; // some servers cut parameters off before they look
    if (name === '.' || name === '..' || /[/\\\u0000-\u001f]/.test(text)) return true;
    const decoded = decode(text);
    if (decoded === null) return true;
    if (decoded === text) return false;
    text = decoded;
  }
  return true;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refused(reason: string): Target {
  return { kind: 'refused', reason };
}
