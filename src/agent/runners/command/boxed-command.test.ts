import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../port.ts';
import type { BoxMeans } from './box.ts';
import { createBoxedCommand, createCheckRunner } from './boxed-command.ts';
import { SECRET, tiersHere, useAgents } from './testing.ts';

const tiers = tiersHere(process.env['CI'] === 'true');
const rig = useAgents();

function meansOf(tier: (typeof tiers)[number], config: Partial<BoxMeans['config']> = {}): BoxMeans {
  return {
    sandbox: rig.sandboxOf(tier),
    config: { network: 'model', untrusted: 'allow', limits: { memory: 512, processes: 200, output: 1 }, ...config },
    hidden: [rig.data()],
    path: `${dirname(process.execPath)}:/usr/bin:/bin`,
    redact: () => [SECRET],
  };
}

describe.each(tiers)('in tier %s', (tier) => {
  test('a check passes or fails in the checkout, and its output is both streams, masked', async () => {
    const place = await rig.makeTask();
    const check = createCheckRunner(createBoxedCommand(meansOf(tier)));
    const job = {
      ...{ task: { id: place.id }, directory: place.directory, home: place.home, signal: new AbortController().signal },
      settings: { budget: { time: 60_000 } },
    } as unknown as Job;
    expect(await check('echo made > made; echo "$CI$FUNADE_MODEL_URL"', job)).toEqual({ ok: true, output: '1\n' });
    expect(await readFile(join(place.directory, 'made'), 'utf8')).toBe('made\n');
    expect(await check(`echo ${SECRET}; echo oh >&2; exit 4`, job)).toEqual({ ok: false, output: '***\noh\n' });
    expect((await check('echo one; false; echo two', job)).output).toBe('one\n');
  });

  test('an end by force is told, with what was said until then', async () => {
    const { directory: cwd, home } = await rig.makeTask();
    const run = createBoxedCommand(meansOf(tier));
    const slow = await run({ command: 'echo up; sleep 60', cwd, home, timeout: 2000 });
    expect(slow).toEqual({ code: null, kind: 'timed_out', output: 'up\n\n[it took too long]\n' });
    const flood = await run({ command: 'yes', cwd, home, timeout: 60_000 });
    expect(flood.kind).toBe('flooded');
    expect(flood.output.length).toBeLessThan(200_000);
    const stop = new AbortController();
    const stopped = await run({
      command: 'echo up; sleep 60',
      cwd,
      home,
      timeout: 60_000,
      signal: stop.signal,
      onOutput: () => stop.abort(),
    });
    expect(stopped).toMatchObject({ code: null, kind: 'aborted' });
  });
});

test.runIf(tiers.length > 1)('it has no network and no token unless the network is open', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { directory: cwd, home } = await rig.makeTask();
  const command = `node -e 'require("net").connect(${port}, "127.0.0.1").on("error", () => process.exit(9)).on("connect", () => process.exit(0))'`;
  const codes = [];
  for (const network of ['model', 'none', 'open'] as const) {
    const run = createBoxedCommand(meansOf(tiers.at(-1) ?? 'C', { network }));
    codes.push((await run({ command, cwd, home, timeout: 60_000 })).code);
  }
  server.close();
  expect(codes).toEqual([9, 9, 0]);
});

test('where programs can not be isolated nothing runs unless the owner allows it', async () => {
  const { directory: cwd, home } = await rig.makeTask();
  const run = createBoxedCommand(meansOf('C', { untrusted: 'refuse' }));
  expect(await run({ command: 'true', cwd, home, timeout: 1000 })).toMatchObject({ code: null, kind: 'not_started' });
});
