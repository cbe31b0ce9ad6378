import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { createEgressOpener } from './open-egress.ts';

const OWN = ['93.184.216.34', '2a01:4f8:1:2::1', 'fe80::1%eth0'];

/** What a function is told when a name that it may reach leads to this address. */
async function answerFor(address: string): Promise<string> {
  const opener = createEgressOpener({ resolve: () => Promise.resolve([address]), ownAddresses: () => OWN });
  const egress = await opener.open(['api.example.com:8080'], () => {});
  try {
    const socket = connect(egress.socket);
    await once(socket, 'connect');
    socket.write('CONNECT api.example.com:8080 HTTP/1.1\r\nhost: a\r\n\r\n');
    return await text(socket);
  } finally {
    await egress.close();
    await opener.close();
  }
}

describe('a name that leads to an address of this server', () => {
  test.each([
    '93.184.216.34',
    '::ffff:93.184.216.34',
    '::FFFF:5db8:d822',
    '64:ff9b::93.184.216.34',
    '2002:5db8:d822::1',
    '2a01:4f8:1:2::1',
    '2A01:04F8:0001:0002:0000:0000:0000:0001',
  ])('as %s is refused', async (address) => {
    const answer = await answerFor(address);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('an address of this server');
  });
});
