import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationOf, isForbiddenAddress } from '../egress/addresses.ts';
import { createEgressProxy } from '../egress/proxy.ts';
import type { EgressProxyOptions } from '../egress/port.ts';
import { parseEgressRule } from '../egress/rules.ts';
import type { OpenEgress } from './hosted-function.ts';

export interface EgressOpener {
  readonly open: OpenEgress;
  /** Removes the directory of the sockets; the proxies are closed by whoever opened them. */
  close(): Promise<void>;
}

/** How names are resolved and which addresses are out of bounds; left out: as it has to be where functions are hostile. */
export interface EgressMeans extends Pick<EgressProxyOptions, 'resolve' | 'isForbidden'> {
  /** Addresses of this machine, in any spelling. They may change while it runs. */
  readonly ownAddresses?: () => readonly string[];
}

/** Proxies on sockets in a directory of their own: the path of a unix socket may have no more than 107 bytes. */
export function createEgressOpener({ ownAddresses = listOwnAddresses, ...means }: EgressMeans = {}): EgressOpener {
  let directory: Promise<string> | undefined;
  let count = 0;

  /** Beside what is never reachable, this machine's own addresses: from inside, its firewall would not be in the way. */
  function isForbidden(address: string): string | null {
    const reason = isForbiddenAddress(address);
    if (reason !== null) return reason;
    const destination = destinationOf(address); // the text would miss IPv6 addresses that embed one of ours
    return ownAddresses().some((own) => destinationOf(own) === destination) ? 'an address of this server' : null;
  }

  return {
    open: async (texts, log) => {
      const rules = texts.map((text) => {
        const rule = parseEgressRule(text);
        if (!rule.ok) throw new Error(`egress ${text}: ${rule.error}`);
        return rule.value;
      });
      const socket = join(await (directory ??= makeDirectory()), `${(count += 1)}.sock`);
      const proxy = createEgressProxy({ rules, log, isForbidden, ...means });
      await proxy.listen(socket);
      return { socket, close: () => proxy.close() };
    },
    close: async () => {
      if (directory !== undefined) await rm(await directory, { recursive: true, force: true });
    },
  };
}

function listOwnAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
}

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-egress-'));
  await chmod(directory, 0o711);
  return directory;
}
