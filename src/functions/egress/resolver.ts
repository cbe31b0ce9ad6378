import { Resolver } from 'node:dns/promises';
import type { Resolve } from './port.ts';

/**
 * Asks the name servers of this machine for IPv4 and IPv6 addresses. Not `dns.lookup`: it waits on threads of which the whole
 * process has four, so that a function with a name that is slow to resolve would hold up its neighbours; and it completes
 * names by the machine's search list, so that another name might be resolved than the one that the rules allowed.
 * The price: /etc/hosts is not read.
 */
export function createResolver(servers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (host) => {
    const [ipv4, ipv6] = await Promise.all([
      resolver.resolve4(host).catch((thrown: Error) => thrown),
      resolver.resolve6(host).catch(() => []),
    ]);
    if (!(ipv4 instanceof Error)) return [...ipv4, ...ipv6];
    if (ipv6.length === 0) throw ipv4;
    return ipv6;
  };
}
