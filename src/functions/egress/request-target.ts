import { normaliseHost, parsePort, showHost } from './host-name.ts';

/** Where a request wants to go. */
export interface EgressTarget {
  /** As `normaliseHost` spells it. */
  readonly host: string;
  readonly port: number;
}

export interface HttpTarget extends EgressTarget {
  /** For the `Host` header: what was matched, whatever the client writes there. */
  readonly authority: string;
  /** Path and query, byte for byte; begins with `/`. */
  readonly path: string;
}

const ABSOLUTE = /^http:\/\/([^/?#]+)(\/[\x21-\x22\x24-\x7e]*|\?[\x21-\x22\x24-\x7e]*)?$/i;

/** The target of a CONNECT, `host:port` (RFC 9112, 3.2.3); null when it is none. */
export function parseConnectTarget(text: string): EgressTarget | null {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return null;
  return targetOf(text.slice(0, colon), text.slice(colon + 1));
}

/** The target of any other request, `http://host/path` (RFC 9112, 3.2.2); null when it is none. */
export function parseHttpTarget(text: string): HttpTarget | null {
  const [, authority, rest = '/'] = ABSOLUTE.exec(text) ?? [];
  if (authority === undefined) return null;
  const [, host = '', port = '80'] = /^(.+?|\[.*\])(?::(\d+))?$/.exec(authority) ?? [];
  const target = targetOf(host, port);
  if (target === null) return null;
  const shown = showHost(target);
  return {
    ...target,
    authority: target.port === 80 ? shown.slice(0, -':80'.length) : shown,
    path: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

/** Colons belong to a port or stand in brackets. */
function targetOf(hostText: string, portText: string): EgressTarget | null {
  if (hostText.includes(':') && !hostText.startsWith('[')) return null;
  const host = normaliseHost(hostText);
  const port = parsePort(portText);
  return host === null || port === null ? null : { host, port };
}
