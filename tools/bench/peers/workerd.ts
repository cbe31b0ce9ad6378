import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { PeerProcess } from '../peer-process.ts';

/** Port 0: it tells the one that it got over fd 3. */
const CONFIGURATION = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .echo)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const echo :Workerd.Worker = (
  modules = [(name = "echo.mjs", esModule = embed "echo.mjs")],
  compatibilityDate = "2025-01-01",
);
`;

const WORKER = `export default {
  async fetch(request) {
    return new Response(await request.text(), { headers: { 'content-type': 'application/json' } });
  },
};
`;

const LISTENS_WITHIN = 10_000;

/** An echo in a workerd process; its files are written to `folder`. */
export async function startWorkerd(program: string, folder: string): Promise<PeerProcess> {
  await writeFile(join(folder, 'config.capnp'), CONFIGURATION);
  await writeFile(join(folder, 'echo.mjs'), WORKER);
  const child = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  try {
    const port = await portFrom(child.stdio[3] as Readable);
    return {
      port,
      pid: child.pid ?? 0,
      stop: async () => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      },
    };
  } catch (thrown) {
    child.kill('SIGKILL');
    throw thrown;
  }
}

function portFrom(control: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`workerd did not listen: ${said}`)), LISTENS_WITHIN);
    control.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const port = /"event":"listen".*"port":(\d+)/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
    control.once('end', () => reject(new Error('workerd ended before it listened')));
  });
}
