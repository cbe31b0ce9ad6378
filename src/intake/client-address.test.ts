import { expect, test } from 'vitest';
import { clientAddress, networkOf } from './client-address.ts';
import { parseTrustedProxies } from './settings.ts';

const trusted = parseTrustedProxies(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1']);

test.each([
  ['an untrusted peer is the client, whatever it claims', '203.0.113.5', '198.51.100.1', '203.0.113.5'],
  ['a trusted peer without the header is the client', '10.0.0.1', undefined, '10.0.0.1'],
  ['the address that a trusted peer names is the client', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
  ['trusted hops are skipped from the right', '10.0.0.1', '203.0.113.5, 10.1.1.1, 192.0.2.1', '203.0.113.5'],
  ['what stands left of the client is not believed', '10.0.0.1', '1.2.3.4, 203.0.113.5', '203.0.113.5'],
  ['an unreadable hop ends the walk', '10.0.0.1', '1.2.3.4, unknown, 10.1.1.1', '10.1.1.1'],
  ['mapped IPv4 is IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
  ['ports and brackets are taken off', '2001:db8::1', '[2a00:1450::8]:443', '2a00:1450::8'],
  ['a port after IPv4 is taken off', '10.0.0.1', '203.0.113.5:1234', '203.0.113.5'],
])('%s', (_, peer, header, client) => {
  expect(clientAddress(peer, header, trusted)).toBe(client);
});

test.each([
  ['203.0.113.5', '203.0.113.5'],
  ['2a00:1450:1:2:3:4:5:6', '2a00:1450:1:2::/64'],
  ['2a00:1450:0001:2::6', '2a00:1450:1:2::/64'],
  ['2a00:1450::6', '2a00:1450:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('failures of %s count for %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
