import { connect, createServer } from 'node:net';
import { setGlobalProxyFromEnv } from 'node:http';

const NAMES = [
  ['HTTPS_PROXY', 'https_proxy'],
  ['HTTP_PROXY', 'http_proxy'],
] as const;

/**
 * Lets a function that has no network reach the hosts that it may: a proxy on a port of its own loopback, which is the unix
 * socket of Funade behind it. The environment names it, `fetch` and `http` use it. What it opens keeps no process alive.
 */
export async function openEgress(path: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const proxy = `http://127.0.0.1:${await bridge(path)}`;
  for (const [upper, lower] of NAMES) setDefault(environment, upper, lower, proxy);
  setDefault(environment, 'NO_PROXY', 'no_proxy', 'localhost,127.0.0.1,::1');
  setGlobalProxyFromEnv({ ...environment });
}

/** Both spellings, or none where the function brings one of them. */
function setDefault(environment: NodeJS.ProcessEnv, upper: string, lower: string, value: string): void {
  if (environment[upper] !== undefined || environment[lower] !== undefined) return;
  environment[upper] = value;
  environment[lower] = value;
}

function bridge(path: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.unref();
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroySoon());
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.unref();
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
