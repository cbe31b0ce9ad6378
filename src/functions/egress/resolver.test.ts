import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createResolver } from './resolver.ts';

const A = 1;
const AAAA = 28;
const NXDOMAIN = 3;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

test('answers with IPv4 and IPv6 addresses of a name', async () => {
  const { resolve } = await nameServer({
    'api.example.com': { [A]: ['01020304'], [AAAA]: ['2606470047000000000000000000aaaa'] },
  });
  expect(await resolve('api.example.com')).toEqual(['1.2.3.4', '2606:4700:4700::aaaa']);
});

test('one family is enough', async () => {
  const { resolve } = await nameServer({
    'six.example.com': { [A]: [], [AAAA]: ['2606470047000000000000000000aaaa'] },
    'four.example.com': { [A]: ['01020304', '01020305'], [AAAA]: [] },
  });
  expect(await resolve('six.example.com')).toEqual(['2606:4700:4700::aaaa']);
  expect(await resolve('four.example.com')).toEqual(['1.2.3.4', '1.2.3.5']);
});

test('rejects for a name that does not exist, and asks for no other one', async () => {
  const { resolve, asked } = await nameServer({});
  await expect(resolve('nowhere.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(new Set(asked)).toEqual(new Set(['nowhere.example.com']));
});

/** A name server that knows one zone: addresses in hexadecimal by name and type. */
async function nameServer(zone: Record<string, Record<number, string[]>>) {
  const asked: string[] = [];
  const server = createSocket('udp4', (query, from) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const records = zone[name]?.[type];
    const answers = (records ?? []).map((hex) => {
      const data = Buffer.from(hex, 'hex');
      const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length]);
      return Buffer.concat([head, data]);
    });
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (records === undefined ? NXDOMAIN : 0), 2);
    header.writeUInt16BE(answers.length, 6);
    header.fill(0, 8, 12);
    server.send(Buffer.concat([header, query.subarray(12, end), ...answers]), from.port, from.address);
  });
  closers.push(() => server.close());
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, resolve: createResolver([`127.0.0.1:${port}`]) };
}

function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}
