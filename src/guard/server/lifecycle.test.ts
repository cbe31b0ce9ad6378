import { Agent } from 'node:https';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { ALLOWED, type GuardServerRig, type RigWishes, ask, openGuardServer } from '../../../test/guard-server-rig.ts';
import { createManualClock } from '../../kernel/index.ts';
import type { Decision } from '../decision.ts';

const WITHIN = { timeout: 20_000, interval: 20 };

let rig: GuardServerRig;
afterEach(() => rig.stop());

async function open(wishes?: RigWishes): Promise<GuardServerRig> {
  rig = await openGuardServer(wishes);
  return rig;
}

/** Requests on kept connections and on new ones, until told to end; what failed is kept. */
function startLoad(agents: readonly Agent[]): {
  readonly failed: unknown[];
  answered(): number;
  stop(): Promise<void>;
} {
  const failed: unknown[] = [];
  let answered = 0;
  let isOver = false;
  async function go(agent: Agent): Promise<void> {
    while (!isOver) {
      try {
        const { status } = await ask(rig, { agent });
        answered += 1;
        if (status !== 200) failed.push(status);
      } catch (thrown) {
        failed.push(thrown);
      }
    }
  }
  const running = agents.map(go);
  return {
    failed,
    answered: () => answered,
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      for (const agent of agents) agent.destroy();
    },
  };
}

function agentsOf(kept: number, fresh: number): readonly Agent[] {
  return [
    ...Array.from({ length: kept }, () => new Agent({ keepAlive: true, maxSockets: 1 })),
    ...Array.from({ length: fresh }, () => new Agent({ keepAlive: false, maxCachedSessions: 0 })),
  ];
}

async function servedSerial(): Promise<string> {
  return (await ask(rig)).serial;
}

describe('certificates', () => {
  test('20 swaps under load: no request fails, and each new serial is served within a second', async () => {
    await open();
    const leaves = [];
    for (let count = 0; count < 20; count += 1) leaves.push(await rig.authority.issue());
    const load = startLoad(agentsOf(3, 1));
    const times: number[] = [];
    for (const leaf of leaves) {
      await rig.volume.put(leaf);
      const swapped = performance.now();
      await expect.poll(servedSerial, WITHIN).toBe(leaf.serial);
      times.push(performance.now() - swapped);
    }
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(load.answered()).toBeGreaterThan(100);
    // Most, not all: a machine that others use stops for longer than that now and then.
    expect(times.toSorted((one, other) => one - other)[15]).toBeLessThan(1000);
    const { text } = await rig.health('/metrics');
    expect(text).toContain('guard_certificate_reloads_total{outcome="loaded"} 21');
  });

  test('a pair that does not fit, and garbage, leave the old one in service', async () => {
    await open();
    const first = await servedSerial();
    const [one, other] = [await rig.authority.issue(), await rig.authority.issue()];
    await rig.volume.put({ cert: one.cert, key: other.key });
    await expect.poll(async () => (await rig.health('/healthz')).text, WITHIN).toContain('certificate_mismatch');
    expect(await servedSerial()).toBe(first);
    await rig.volume.put({ cert: 'garbage', key: 'garbage' });
    await expect.poll(async () => (await rig.health('/healthz')).text, WITHIN).toContain('certificate_garbage');
    expect(await servedSerial()).toBe(first);
    expect((await rig.health('/healthz')).status).toBe(200);
    expect((await rig.health('/metrics')).text).toContain('guard_certificate_reloads_total{outcome="refused"} 2');
    await rig.volume.put(other);
    await expect.poll(servedSerial, WITHIN).toBe(other.serial);
  });

  test('without one nothing is listened on; it begins when one appears', async () => {
    await open({ bare: true });
    expect(rig.doors.admissionAddress).toBeNull();
    expect((await rig.health('/livez')).status).toBe(200);
    const notReady = await rig.health('/readyz');
    expect([notReady.status, notReady.json()['lacking']]).toEqual([503, ['certificate']]);
    expect((await rig.health('/metrics')).text).not.toMatch(/^guard_certificate_not_after_timestamp_seconds /m);
    const leaf = await rig.authority.issue();
    await rig.volume.put(leaf);
    await expect.poll(async () => (await rig.health('/readyz')).status, WITHIN).toBe(200);
    expect(await servedSerial()).toBe(leaf.serial);
    expect((await rig.health('/metrics')).text).toMatch(/^guard_certificate_not_after_timestamp_seconds \d{10}$/m);
  });

  test('one that has expired is served on, and /healthz tells it', async () => {
    // The certificate is made after this moment, and is not valid before it is made.
    const clock = createManualClock(Date.now() + 600_000);
    await open({ clock });
    expect((await rig.health('/healthz')).status).toBe(200);
    clock.advance(40 * 86_400_000);
    const health = await rig.health('/healthz');
    expect(health.status).toBe(503);
    expect(health.json()).toMatchObject({
      status: 'degraded',
      components: { certificate: { ok: false, expired: true } },
    });
    expect((await rig.health('/readyz')).status).toBe(200);
    expect((await ask(rig)).status).toBe(200);
  });
});

describe('the end', () => {
  test('under load: not ready at once, and every request is answered as long as callers look at that', async () => {
    await open({ server: { endpointDelayMs: 700 } });
    const load = startLoad(agentsOf(4, 1));
    await expect.poll(() => load.answered(), WITHIN).toBeGreaterThan(20);
    const stopping = rig.doors.stop();
    const notReady = await rig.health('/readyz');
    expect([notReady.status, notReady.json()['lacking']]).toEqual([503, ['draining']]);
    const before = load.answered();
    await wait(400); // endpoints learn of it
    await load.stop();
    expect(load.answered()).toBeGreaterThan(before);
    expect(load.failed).toEqual([]);
    await stopping;
    await expect(ask(rig)).rejects.toThrow();
    await expect(rig.health('/livez')).rejects.toThrow();
  });

  test('callers with kept connections are told to go, and open requests are waited for', async () => {
    let release: (decision: Decision) => void = () => {};
    const slow = new Promise<Decision>((resolve) => (release = resolve));
    let count = 0;
    await open({ decider: { decide: () => ((count += 1) === 2 ? slow : ALLOWED) } });
    const [kept, other] = agentsOf(2, 0);
    expect((await ask(rig, { agent: kept })).headers['connection']).toBe('keep-alive');
    const open2 = ask(rig, { agent: other });
    await expect.poll(() => count, WITHIN).toBe(2);
    const stopping = rig.doors.stop();
    await expect.poll(async () => (await rig.health('/readyz')).status, WITHIN).toBe(503);
    await expect
      .poll(async () => (await ask(rig, { agent: kept }).catch(() => null))?.headers['connection'] ?? 'close', WITHIN)
      .toBe('close');
    release(ALLOWED);
    expect((await open2).status).toBe(200);
    await stopping;
    kept?.destroy();
    other?.destroy();
  });

  test('comes within the grace, though a decision never does and a caller says nothing', async () => {
    await open({
      decider: { decide: () => new Promise<Decision>(() => {}) },
      server: { graceMs: 1500, deadlineMs: 60_000 },
    });
    const hanging = ask(rig).catch((thrown: unknown) => thrown);
    await expect.poll(async () => (await rig.health('/metrics')).text, WITHIN).toMatch(/^guard_connections 1$/m);
    const begun = performance.now();
    await rig.doors.stop();
    expect(performance.now() - begun).toBeLessThan(1500 + 3000); // the second part is the machine's
    expect(await hanging).toBeInstanceOf(Error);
  });
});

describe('a port that another program has', () => {
  async function occupied(): Promise<{ readonly port: number; close(): void }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  test.each(['port', 'healthPort'] as const)('%s: an error of the catalogue, and nothing listens', async (which) => {
    await open();
    const other = await occupied();
    const free = await occupied();
    free.close();
    const server = { port: free.port, healthPort: free.port, [which]: other.port };
    await expect(openGuardServer({ server })).rejects.toMatchObject({
      code: 'FUN_PORT_IN_USE',
      values: { host: '127.0.0.1', port: other.port },
    });
    await expect(fetch(`http://127.0.0.1:${free.port}/livez`)).rejects.toThrow();
    other.close();
  });
});

describe('health', () => {
  test('is not ready before the caches were complete once', async () => {
    let isSynced = false;
    await open({ isSynced: () => isSynced });
    expect((await rig.health('/readyz')).json()).toEqual({ status: 'not_ready', lacking: ['cache'] });
    isSynced = true;
    expect((await rig.health('/readyz')).json()).toEqual({ status: 'ready' });
  });

  test('tells every component, and is 503 when one is not well', async () => {
    const component = (name: string, ok: boolean) => ({ health: () => ({ name, ok, detail: { age: 3 } }) });
    await open({ components: [component('cache', true), component('api', false)] });
    const answer = await rig.health('/healthz');
    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({
      status: 'degraded',
      components: {
        cache: { ok: true, age: 3 },
        api: { ok: false },
        certificate: { ok: true, names: ['localhost', '127.0.0.1'] },
      },
    });
    expect((await rig.health('/readyz')).status).toBe(200);
  });

  test('answers GET and HEAD on its four pages and takes no bodies', async () => {
    await open();
    const asked = [
      ['/livez', { method: 'GET' }, 200],
      ['/livez', { method: 'HEAD' }, 200],
      ['/readyz?verbose', { method: 'GET' }, 200],
      ['/livez', { method: 'POST', body: 'x' }, 405],
      ['/', { method: 'GET' }, 404],
      ['/validate', { method: 'POST', body: '{}' }, 404],
      ['/metrics', { method: 'GET', body: 'x' }, 413],
    ] as const;
    for (const [path, options, status] of asked) expect.soft((await rig.health(path, options)).status).toBe(status);
    expect((await rig.health('/livez', { method: 'DELETE' })).headers['allow']).toBe('GET, HEAD');
    expect((await rig.health('/metrics')).headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});
