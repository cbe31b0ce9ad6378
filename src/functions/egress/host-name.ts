import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** Delimiters that `domainToASCII` would cut at, escapes that it would decode, white space that it would drop. */
const NEVER_IN_A_NAME = /[\s\u0000-\u001f\u007f%/\\?#@:<>^|[\]]/u;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LONGEST_NAME = 253;

/**
 * The one spelling under which a host is matched, resolved and logged; null of what is no host. Names are in lower case,
 * punycode, without the dot of the root. IPv6 addresses are shortest and without brackets. All that `inet_aton` and browsers
 * take for an IPv4 address (`0x7f.1`, `0177.0.0.1`, `2130706433`) becomes dotted decimals *here*, so that no such spelling
 * reaches a rule, a resolver or `isForbiddenAddress` as a name.
 */
export function normaliseHost(text: string): string | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIPv6(bare)) return normaliseIpv6(bare);
  if (NEVER_IN_A_NAME.test(text)) return null;
  const ascii = domainToASCII(text).toLowerCase();
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (isIPv4(name)) return name;
  if (name === '' || name.length > LONGEST_NAME) return null;
  return name.split('.').every((label) => LABEL.test(label)) ? name : null;
}

/** A zone (`fe80::1%eth0`) names an interface of this machine: such an address is no host for a function. */
function normaliseIpv6(text: string): string | null {
  return text.includes('%') ? null : new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** `host:port`, with an IPv6 address in brackets. */
export function showHost({ host, port }: { readonly host: string; readonly port: number }): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** 1 to 65535 in plain digits; null otherwise. */
export function parsePort(text: string): number | null {
  if (!/^[1-9]\d{0,4}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65_535 ? port : null;
}
