import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { Socket, connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseEgressRule } from './rules.ts';
import {
  type TestProxy,
  closedPort,
  createBench,
  exchange,
  hungUp,
  readHead,
  readRefusal,
  recordingConnect,
} from './testing.ts';

const bench = createBench();
afterEach(() => bench.clear());
const { ask, open, refusalOf, startEcho, startEchoProxy } = bench;

describe('which hosts are reached', () => {
  test('an allowed name is', async () => {
    const { path, target, lines, resolved } = await startEchoProxy();
    expect(await exchange(await open(path, target), 'hello')).toBe('hello');
    expect(await exchange(await open(path, target.toUpperCase().replace(':', '.:')), 'hello')).toBe('hello');
    expect(resolved).toEqual(['echo.example', 'echo.example']);
    expect(lines).toEqual([]);
  });

  test('a sub-domain of a wildcard is, its domain is not', async () => {
    const port = await startEcho();
    const { path } = await bench.startProxy({ rules: [{ host: '*.internal.example', port }] });
    expect(await exchange(await open(path, `a.b.internal.example:${port}`), 'hello')).toBe('hello');
    expect(await refusalOf(path, `internal.example:${port}`)).toMatchObject({ status: 403, code: 'EGRESS_DENIED' });
  });

  test('a name that is not allowed is not even resolved, and the answer names what is allowed', async () => {
    const { path, target, resolved, lines } = await startEchoProxy();
    const refusal = await refusalOf(path, 'evil.example:443');
    expect(refusal).toMatchObject({ status: 403, code: 'EGRESS_DENIED' });
    expect(refusal.head).toContain('Content-Type: application/json');
    expect(refusal.detail).toContain('evil.example:443 is not among');
    expect(refusal.detail).toContain(target);
    expect(refusal.fix).toContain('"evil.example:443"');
    expect(resolved).toEqual([]);
    expect(lines).toEqual([`Egress: ${refusal.detail} ${refusal.fix}`]);
  });

  test('an allowed name on another port is not', async () => {
    const { path } = await startEchoProxy();
    expect(await refusalOf(path, 'echo.example:1')).toMatchObject({ status: 403, code: 'EGRESS_DENIED' });
  });

  test('an address is only when a rule has the address itself', async () => {
    const port = await startEcho();
    const byName = await bench.startProxy({
      rules: [
        { host: 'echo.example', port },
        { host: '*.0.1', port },
      ],
    });
    expect(await refusalOf(byName.path, `127.0.0.1:${port}`)).toMatchObject({ code: 'EGRESS_DENIED' });
    expect(await refusalOf(byName.path, `2130706433:${port}`)).toMatchObject({ code: 'EGRESS_DENIED' });
    const byAddress = await bench.startProxy({ rules: [{ host: '127.0.0.1', port }] });
    expect(await exchange(await open(byAddress.path, `127.0.0.1:${port}`), 'hello')).toBe('hello');
    expect(byAddress.resolved).toEqual([]);
  });

  test.each(['10.0.0.1', '169.254.169.254', '203.0.113.7', '::1', 'fe80::1', '::ffff:10.0.0.1'])(
    'the address %s is not, even with a rule',
    async (host) => {
      const target = host.includes(':') ? `[${host}]:443` : `${host}:443`;
      const rule = parseEgressRule(target);
      if (!rule.ok) throw new Error(rule.error);
      const { path } = await bench.startProxy({ rules: [rule.value] });
      expect(await refusalOf(path, target)).toMatchObject({ status: 403, code: 'EGRESS_FORBIDDEN_ADDRESS' });
    },
  );
});

describe('what a name resolves to', () => {
  const rules = [{ host: 'api.example.com', port: 443 }];

  test('a private address is refused, and not told', async () => {
    const { connect, asked } = recordingConnect();
    const { path, lines } = await bench.startProxy({ rules, connect }, { 'api.example.com': ['10.1.2.3'] });
    const refusal = await refusalOf(path, 'api.example.com:443');
    expect(refusal).toMatchObject({ status: 403, code: 'EGRESS_FORBIDDEN_ADDRESS' });
    expect(refusal.detail).toContain('private (10.0.0.0/8)');
    expect(refusal.detail).not.toContain('10.1.2.3');
    expect(lines).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  test.each([
    [['8.8.8.8', '192.168.0.1']],
    [['192.168.0.1', '8.8.8.8']],
    [['2606:4700::1', '::ffff:127.0.0.1', '8.8.8.8']],
  ])('one private address among %j refuses all', async (addresses) => {
    const { connect, asked } = recordingConnect();
    const { path } = await bench.startProxy(
      { rules, connect, isForbidden: undefined },
      { 'api.example.com': addresses },
    );
    expect(await refusalOf(path, 'api.example.com:443')).toMatchObject({ code: 'EGRESS_FORBIDDEN_ADDRESS' });
    expect(asked).toEqual([]);
  });

  test('the address that was checked is connected to, whatever the name says a moment later', async () => {
    const port = await startEcho();
    const answers = [['8.8.8.8'], ['10.0.0.1'], ['9.9.9.9']];
    let asked = 0;
    const recording = recordingConnect();
    const { path } = await bench.startProxy({
      rules: [{ host: 'rebind.example', port }],
      connect: recording.connect,
      resolve: async () => answers[asked++] ?? [],
    });
    const first = await open(path, `rebind.example:${port}`);
    expect([asked, recording.asked]).toEqual([1, ['8.8.8.8']]);
    expect(await exchange(first, 'hello')).toBe('hello');
    expect(await refusalOf(path, `rebind.example:${port}`)).toMatchObject({ code: 'EGRESS_FORBIDDEN_ADDRESS' });
    expect(await exchange(await open(path, `rebind.example:${port}`), 'hello')).toBe('hello');
    expect(recording.asked).toEqual(['8.8.8.8', '9.9.9.9']);
  });

  test('the next address is tried when one refuses or does not answer', async () => {
    const port = await startEcho();
    const tried: string[] = [];
    const { path, lines } = await bench.startProxy(
      {
        rules: [{ host: 'api.example.com', port }],
        limits: { connectTimeout: 2_000 },
        connect(address) {
          tried.push(address);
          // The echo listens on 127.0.0.1 only: 127.0.0.2 refuses.
          return address === '127.0.0.3' ? new Socket() : connectTcp({ host: address, port, allowHalfOpen: true });
        },
      },
      { 'api.example.com': ['127.0.0.2', '127.0.0.3', '127.0.0.1'] },
    );
    expect(await exchange(await open(path, `api.example.com:${port}`), 'hello')).toBe('hello');
    expect(tried).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.1']);
    expect(lines).toEqual([]);
  });

  test('a name without addresses is 502 and says so', async () => {
    const fault = Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    const { path } = await bench.startProxy({ rules, resolve: () => Promise.reject(fault) });
    const refusal = await refusalOf(path, 'api.example.com:443');
    expect(refusal).toMatchObject({ status: 502, code: 'EGRESS_UNRESOLVED' });
    expect(refusal.detail).toContain('ENOTFOUND');
    const empty = await bench.startProxy({ rules }, { 'api.example.com': [] });
    expect(await refusalOf(empty.path, 'api.example.com:443')).toMatchObject({ code: 'EGRESS_UNRESOLVED' });
  });

  test('a name that is not resolved in time is 504', async () => {
    const { path } = await bench.startProxy({
      rules,
      limits: { connectTimeout: 50 },
      resolve: () => new Promise(() => {}),
    });
    expect(await refusalOf(path, 'api.example.com:443')).toMatchObject({ status: 504, code: 'EGRESS_TIMEOUT' });
  });
});

describe('a connection that fails', () => {
  test('is 502 with the reason when it is refused', async () => {
    const port = await closedPort();
    const { path, lines } = await bench.startProxy({ rules: [{ host: 'down.example', port }] });
    const refusal = await refusalOf(path, `down.example:${port}`);
    expect(refusal).toMatchObject({ status: 502, code: 'EGRESS_UNREACHABLE' });
    expect(refusal.detail).toContain('ECONNREFUSED');
    expect(lines).toEqual([`Egress: ${refusal.detail} ${refusal.fix}`]);
  });

  test('is 504 when nobody answers, and frees its slot', async () => {
    const made: Socket[] = [];
    const { path } = await bench.startProxy({
      rules: [{ host: 'silent.example', port: 443 }],
      limits: { connectTimeout: 50, connections: 1 },
      connect() {
        const socket = new Socket();
        made.push(socket);
        return socket;
      },
    });
    for (let round = 0; round < 3; round += 1) {
      expect(await refusalOf(path, 'silent.example:443')).toMatchObject({ status: 504, code: 'EGRESS_TIMEOUT' });
    }
    expect(made.map((socket) => socket.destroyed)).toEqual([true, true, true]);
  });

  test('is told once a minute', async () => {
    const { path, lines } = await startEchoProxy();
    for (let round = 0; round < 3; round += 1) await refusalOf(path, 'evil.example:443');
    expect(lines).toHaveLength(1);
    await refusalOf(path, 'evil.example:80');
    expect(lines).toHaveLength(2);
  });
});

describe('requests that make no sense', () => {
  test.each([
    ['CONNECT without a port', 'CONNECT a.example HTTP/1.1\r\n\r\n'],
    ['CONNECT with a path', 'CONNECT a.example:443/x HTTP/1.1\r\n\r\n'],
    ['CONNECT of a URL', 'CONNECT http://a.example:443 HTTP/1.1\r\n\r\n'],
    ['CONNECT with a user', 'CONNECT user@a.example:443 HTTP/1.1\r\n\r\n'],
    ['CONNECT of port 0', 'CONNECT a.example:0 HTTP/1.1\r\n\r\n'],
    ['CONNECT of nothing', 'CONNECT  HTTP/1.1\r\n\r\n'],
    ['no HTTP', '\u0016\u0003\u0001 hello'],
    ['a bad header', 'CONNECT a.example:443 HTTP/1.1\r\nno colon\r\n\r\n'],
  ])('%s is 400', async (_, text) => {
    const { path, lines } = await bench.startProxy({ rules: [{ host: 'a.example', port: 443 }] });
    const socket = await bench.dialProxy(path);
    socket.write(text, 'latin1');
    expect(await readRefusal(socket)).toMatchObject({ status: 400, code: 'EGRESS_MALFORMED' });
    expect(lines).toHaveLength(1);
  });

  test('a refused client that sends on and never ends is cut off', async () => {
    const { path } = await startEchoProxy();
    const socket = await ask(path, 'evil.example:443', 'x'.repeat(10_000));
    const timer = setInterval(() => socket.write('x'), 10);
    expect((await readHead(socket)).status).toBe(403);
    await hungUp(socket);
    clearInterval(timer);
  });
});

describe('the socket', () => {
  test('may be used by every user who can see it', async () => {
    const { path } = await bench.startProxy({});
    expect(statSync(path).mode & 0o777).toBe(0o666);
  });

  test('is not opened over something that is there', async () => {
    const first: TestProxy = await startEchoProxy();
    const port = await startEcho();
    const second = await bench.startProxy({ rules: [{ host: 'echo.example', port }] });
    await expect(second.proxy.listen(first.path)).rejects.toThrow();
    expect(existsSync(first.path)).toBe(true);
  });

  test('close() ends all connections, those that are being made too, and removes it', async () => {
    const port = await startEcho();
    const made: Socket[] = [];
    const { path, proxy, lines } = await bench.startProxy({
      rules: [
        { host: 'echo.example', port },
        { host: 'silent.example', port },
      ],
      resolve: async (host) => [host === 'echo.example' ? '127.0.0.1' : '127.0.0.9'],
      connect(address) {
        if (address === '127.0.0.1') return connectTcp({ host: address, port, allowHalfOpen: true });
        const socket = new Socket();
        made.push(socket);
        return socket;
      },
    });
    const tunnel = await open(path, `echo.example:${port}`);
    const waiting = await ask(path, `silent.example:${port}`);
    await vi.waitFor(() => expect(made).toHaveLength(1), 10_000);
    const idle = await bench.dialProxy(path);
    const ended = [tunnel, waiting, idle].map((socket) => once(socket.resume(), 'end'));
    await proxy.close();
    await Promise.all(ended);
    expect(existsSync(path)).toBe(false);
    await vi.waitFor(() => expect(made[0]!.destroyed).toBe(true), 10_000);
    expect(lines).toEqual([]);
    await proxy.close();
  });
});
