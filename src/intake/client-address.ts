import { type BlockList, isIP } from 'node:net';

/**
 * The client's address: the peer, or, when the peer is a trusted proxy, the nearest address in `X-Forwarded-For` that is
 * not one. Whatever stands left of that was written by the client and is not believed.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  let client = normalise(peer);
  const hops = forwardedFor?.split(',') ?? [];
  while (isListed(client, trusted)) {
    const hop = hops.pop();
    if (hop === undefined) return client;
    const address = normalise(hop);
    if (isIP(address) === 0) return client;
    client = address;
  }
  return client;
}

/** Failures are counted per IPv4 address and per IPv6 /64, since a client owns at least that much. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/** Whether an address is in one of the networks of a list. */
export function isListed(address: string, list: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** Adds an address or network (`10.0.0.0/8`) to a list; false when it is neither. */
export function addCidr(list: BlockList, cidr: string): boolean {
  const [address = '', prefix, ...rest] = cidr.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || prefix === '') return false;
  const most = version === 6 ? 128 : 32;
  const bits = prefix === undefined ? most : Number(prefix);
  if (!(bits >= 0 && bits <= most)) return false;
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  return true;
}

/** `::ffff:10.0.0.1`, `[2001:db8::1]:443`, `10.0.0.1:443` and `fe80::1%eth0` without their decoration. */
function normalise(text: string): string {
  const bare = text.trim().toLowerCase();
  const inner = /^\[([^\]]+)\](?::\d+)?$/.exec(bare)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(bare)?.[1] ?? bare;
  const address = inner.replace(/%.*$/, '');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}
