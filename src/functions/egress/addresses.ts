import { isIP } from 'node:net';

type Range = readonly [prefix: string, bits: number, what: string];

/** After the special-purpose registries of IANA (RFC 6890 and its updates). */
const IPV4_RANGES: readonly Range[] = [
  ['0.0.0.0', 8, 'this network'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'shared by carriers'],
  ['127.0.0.0', 8, 'loopback'],
  // An address in public space that every machine on Azure takes for its host, credentials included.
  ['168.63.129.16', 32, 'the host of a cloud'],
  ['169.254.169.254', 32, 'metadata of a cloud'],
  ['169.254.0.0', 16, 'link-local'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'for protocols'],
  ['192.0.2.0', 24, 'for documentation'],
  ['192.88.99.0', 24, '6to4 relays'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'for benchmarks'],
  ['198.51.100.0', 24, 'for documentation'],
  ['203.0.113.0', 24, 'for documentation'],
  ['224.0.0.0', 4, 'multicast'],
  ['255.255.255.255', 32, 'broadcast'],
  ['240.0.0.0', 4, 'reserved'],
];

const IPV6_RANGES: readonly Range[] = [
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['64:ff9b:1::', 48, 'local translation to IPv4'],
  ['100::', 64, 'for discarding'],
  ['2001::', 32, 'Teredo'],
  ['2001::', 23, 'for protocols'],
  ['2001:db8::', 32, 'for documentation'],
  ['3fff::', 20, 'for documentation'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local'],
  ['ff00::', 8, 'multicast'],
];

/** IPv6 addresses that lead to an IPv4 address, which stands `shift` bits from their end. */
const EMBEDDED: readonly (readonly [prefix: string, bits: number, shift: bigint])[] = [
  ['::ffff:0:0', 96, 0n],
  ['64:ff9b::', 96, 0n],
  ['2002::', 16, 80n],
];

interface Block {
  readonly shift: bigint;
  readonly prefix: bigint;
  readonly reason: string;
}

const IPV4_BLOCKS = IPV4_RANGES.map((range) => blockOf(range, 32));
const IPV6_BLOCKS = IPV6_RANGES.map((range) => blockOf(range, 128));
const EMBEDDED_BLOCKS = EMBEDDED.map(([prefix, bits, shift]) => ({ at: shift, ...blockOf([prefix, bits, ''], 128) }));
const GLOBAL_UNICAST = blockOf(['2000::', 3, ''], 128);
/** IPv4 addresses as values of IPv6: ::ffff:0:0/96. */
const MAPPED = 0xffff_0000_0000n;
/** The upper half of an interface id of ISATAP, whose lower half is an IPv4 address; its "global" bit may be set or not. */
const ISATAP = 0x0000_5efen;
const GLOBAL_BIT = 0x0200_0000n;

/**
 * Why a function must not reach an address, such as `private (10.0.0.0/8)`; null of global unicast addresses. It takes what
 * `isIP` of `node:net` does: dotted decimals and IPv6, also with an IPv4 tail. Anything else is forbidden, a zone included.
 * Other spellings of IPv4 never come here unparsed: `normaliseHost` turns them into dotted decimals, and resolvers answer
 * with plain addresses. Not a `BlockList` of `node:net`, because that gives no reason, and because it takes every IPv4
 * address for a part of ::ffff:0:0/96.
 */
export function isForbiddenAddress(ip: string): string | null {
  const family = isIP(ip);
  if (family === 4) return ipv4Reason(ipv4Value(ip));
  if (family === 6 && !ip.includes('%')) return ipv6Reason(ipv6Value(ip));
  return 'not a plain IP address';
}

/**
 * Where an address leads, as a number: an IPv6 address that embeds an IPv4 address is that one. Every spelling of one place
 * gives the same number, a zone makes no difference, and what is no address gives null.
 */
export function destinationOf(ip: string): bigint | null {
  const [bare = ''] = ip.split('%', 1);
  const family = isIP(bare);
  if (family === 4) return MAPPED | ipv4Value(bare);
  if (family !== 6) return null;
  const value = ipv6Value(bare);
  const embedded = embeddedIn(value);
  return embedded === null ? value : MAPPED | embedded;
}

/** The IPv4 address that an IPv6 address leads to; null where it leads to itself. */
function embeddedIn(value: bigint): bigint | null {
  const embedding = EMBEDDED_BLOCKS.find((block) => holds(block, value));
  return embedding === undefined ? null : (value >> embedding.at) & 0xffff_ffffn;
}

function ipv4Reason(value: bigint): string | null {
  return IPV4_BLOCKS.find((block) => holds(block, value))?.reason ?? null;
}

function ipv6Reason(value: bigint): string | null {
  const embedded = embeddedIn(value);
  if (embedded !== null) return ipv4Reason(embedded);
  if (((value >> 32n) & 0xffff_ffffn & ~GLOBAL_BIT) === ISATAP) return 'a tunnel to IPv4 (ISATAP)';
  const block = IPV6_BLOCKS.find((candidate) => holds(candidate, value));
  if (block !== undefined) return block.reason;
  return holds(GLOBAL_UNICAST, value) ? null : 'not global unicast (2000::/3)';
}

function holds(block: Block, value: bigint): boolean {
  return value >> block.shift === block.prefix;
}

function blockOf([prefix, bits, what]: Range, width: number): Block {
  const shift = BigInt(width - bits);
  const value = width === 32 ? ipv4Value(prefix) : ipv6Value(prefix);
  return { shift, prefix: value >> shift, reason: `${what} (${prefix}/${bits})` };
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6Value(text: string): bigint {
  const [head = '', tail] = withoutIpv4Tail(text).split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':');
}

function withoutIpv4Tail(text: string): string {
  if (!text.includes('.')) return text;
  const start = text.lastIndexOf(':') + 1;
  const value = ipv4Value(text.slice(start));
  return `${text.slice(0, start)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
