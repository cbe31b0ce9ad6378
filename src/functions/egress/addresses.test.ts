import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { destinationOf, isForbiddenAddress } from './addresses.ts';
import { normaliseHost } from './host-name.ts';

describe('addresses that no function may reach', () => {
  test.each([
    ['0.0.0.0', 'this network'],
    ['0.255.255.255', 'this network'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['100.64.0.1', 'shared'],
    ['100.100.100.200', 'shared'],
    ['100.127.255.255', 'shared'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['168.63.129.16', 'cloud'],
    ['169.254.0.1', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.192', 'protocols'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4'],
    ['192.168.255.255', 'private'],
    ['198.18.0.0', 'benchmarks'],
    ['198.19.255.255', 'benchmarks'],
    ['198.51.100.7', 'documentation'],
    ['203.0.113.7', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.254', 'reserved'],
    ['255.255.255.255', 'broadcast'],
  ])('IPv4 %s is refused as %s', (address, reason) => {
    expect(isForbiddenAddress(address)).toContain(reason);
  });

  test.each([
    ['::', 'unspecified'],
    ['0:0:0:0:0:0:0:0', 'unspecified'],
    ['::1', 'loopback'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', 'loopback'],
    ['::2', 'not global unicast'],
    ['::127.0.0.1', 'not global unicast'],
    ['::8.8.8.8', 'not global unicast'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::FFFF:7F00:1', 'loopback'],
    ['0:0:0:0:0:ffff:10.1.2.3', 'private'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['::ffff:0:8.8.8.8', 'not global unicast'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b:1::1', 'local translation'],
    ['64:ff9b:0:1::8.8.8.8', 'not global unicast'],
    ['100::1', 'discarding'],
    ['2001::1', 'Teredo'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'Teredo'],
    ['2001:2::1', 'protocols'],
    ['2001:1ff:ffff::', 'protocols'],
    ['2001:db8::1', 'documentation'],
    ['3fff:fff::1', 'documentation'],
    ['2002:0a00:0001::1', 'private'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::1', 'metadata'],
    ['2606:4700::5efe:10.0.0.1', 'ISATAP'],
    ['2606:4700::200:5efe:8.8.8.8', 'ISATAP'],
    ['4000::1', 'not global unicast'],
    ['5f00::1', 'not global unicast'],
    ['fc00::1', 'private'],
    ['fd00:ec2::254', 'private'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['feff::1', 'site-local'],
    ['ff02::1', 'multicast'],
  ])('IPv6 %s is refused as %s', (address, reason) => {
    expect(isForbiddenAddress(address)).toContain(reason);
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '168.63.129.15',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '192.0.3.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2000::1',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::1',
    '2606:4700:4700::1111',
    '3ffe::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('%s is global unicast', (address) => {
    expect(isForbiddenAddress(address)).toBeNull();
  });

  test.each([
    '',
    'localhost',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '[::1]',
    '1.1.1',
    '0x7f.1',
    '2130706433',
    '01.1.1.1',
    ' 8.8.8.8',
  ])('what is not a plain address is refused: "%s"', (text) => {
    expect(isForbiddenAddress(text)).toBe('not a plain IP address');
  });

  test.each([
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '１２７.0.0.1',
  ])('the spelling %s of loopback is normalised before it is judged', (text) => {
    const host = normaliseHost(text);
    expect(host).toBe('127.0.0.1');
    expect(isForbiddenAddress(host!)).toContain('loopback');
  });

  test('agrees with the BlockList of Node on every IPv4 address, plain and mapped', () => {
    const reference = new BlockList();
    for (const [prefix, bits] of [
      ['0.0.0.0', 8],
      ['10.0.0.0', 8],
      ['100.64.0.0', 10],
      ['127.0.0.0', 8],
      ['168.63.129.16', 32],
      ['169.254.0.0', 16],
      ['172.16.0.0', 12],
      ['192.0.0.0', 24],
      ['192.0.2.0', 24],
      ['192.88.99.0', 24],
      ['192.168.0.0', 16],
      ['198.18.0.0', 15],
      ['198.51.100.0', 24],
      ['203.0.113.0', 24],
      ['224.0.0.0', 3],
    ] as const) {
      reference.addSubnet(prefix, bits, 'ipv4');
    }
    const first = fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 100, 127, 168, 169, 172, 192, 198, 203, 224));
    const second = fc.oneof(fc.nat(255), fc.constantFrom(0, 16, 18, 51, 63, 64, 88, 168, 254));
    const octets = fc.tuple(first, second, fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(octets, (parts) => {
        const address = parts.join('.');
        const expected = reference.check(address, 'ipv4');
        expect(isForbiddenAddress(address) !== null).toBe(expected);
        expect(isForbiddenAddress(`::ffff:${address}`) !== null).toBe(expected);
        expect(isForbiddenAddress(`64:ff9b::${address}`) !== null).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('agrees with the BlockList of Node on IPv6 addresses in any spelling', () => {
    const reference = new BlockList();
    for (const [prefix, bits] of [
      ['::', 3],
      ['2001::', 23],
      ['2001:db8::', 32],
      ['3fff::', 20],
      ['4000::', 2],
      ['8000::', 1],
    ] as const) {
      reference.addSubnet(prefix, bits, 'ipv6');
    }
    const lead = fc.constantFrom(0x2000, 0x2001, 0x2606, 0x3ffe, 0x3fff, 0x4000, 0xfd00, 0xfe80, 0x1fff, 0x100);
    const group = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0, 0, 0xdb8, 0x1ff, 0x200));
    fc.assert(
      fc.property(lead, fc.array(group, { minLength: 7, maxLength: 7 }), (start, rest) => {
        const full = [start, ...rest].map((value) => value.toString(16)).join(':');
        const expected = reference.check(full, 'ipv6');
        expect(isForbiddenAddress(full) !== null).toBe(expected);
        expect(isForbiddenAddress(normaliseHost(full)!) !== null).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('where an address leads', () => {
  const IPV4 = destinationOf('93.184.216.34');
  const IPV6 = destinationOf('2a01:4f8:0:0::1');

  test.each([
    '::ffff:93.184.216.34',
    '::FFFF:5DB8:D822',
    '0:0:0:0:0:ffff:5db8:d822',
    '64:ff9b::93.184.216.34',
    '0064:FF9B::5db8:d822',
    '2002:5db8:d822::1',
    '2002:5DB8:D822:ffff::',
    '::ffff:93.184.216.34%eth0',
  ])('%s leads to the IPv4 address that it embeds', (ip) => {
    expect(IPV4).not.toBeNull();
    expect(destinationOf(ip)).toBe(IPV4);
  });

  test.each(['2A01:4F8::1', '2a01:04f8:0000:0000:0000:0000:0000:0001', '2a01:4f8::0.0.0.1', '2a01:4f8::1%2'])(
    '%s is one spelling of an IPv6 address',
    (ip) => expect(destinationOf(ip)).toBe(IPV6),
  );

  test.each(['93.184.216.35', '2a01:4f8::5db8:d822', '2a01:4f8::2', '::5db8:d822'])('%s leads elsewhere', (ip) => {
    expect([IPV4, IPV6]).not.toContain(destinationOf(ip));
  });

  test.each(['', 'localhost', '1.2.3', '::g'])('"%s" is no address', (text) => {
    expect(destinationOf(text)).toBeNull();
  });
});
