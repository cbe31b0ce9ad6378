import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EgressRule } from './port.ts';
import { matches, parseEgressRule } from './rules.ts';

describe('a rule', () => {
  test.each([
    ['api.example.com:443', { host: 'api.example.com', port: 443 }],
    ['API.Example.COM:443', { host: 'api.example.com', port: 443 }],
    ['api.example.com.:443', { host: 'api.example.com', port: 443 }],
    ['*.internal.example:5432', { host: '*.internal.example', port: 5432 }],
    ['*.Bücher.example:443', { host: '*.xn--bcher-kva.example', port: 443 }],
    ['例え.テスト:80', { host: 'xn--r8jz45g.xn--zckzah', port: 80 }],
    ['db:1', { host: 'db', port: 1 }],
    ['_service.example.com:65535', { host: '_service.example.com', port: 65_535 }],
    ['203.0.113.7:443', { host: '203.0.113.7', port: 443 }],
    ['[2001:db8::1]:443', { host: '2001:db8::1', port: 443 }],
    ['[2001:DB8:0:0::1]:443', { host: '2001:db8::1', port: 443 }],
  ])('%s is read', (text, rule) => {
    expect(parseEgressRule(text)).toEqual({ ok: true, value: rule });
  });

  test.each([
    ['', 'is empty'],
    [' ', 'is empty'],
    ['https://api.example.com', 'has a scheme'],
    ['https://api.example.com:443', 'has a scheme'],
    ['user@api.example.com:443', 'has a user'],
    ['api.example.com:443/path', 'has a path'],
    ['api.example.com/path:443', 'has a path'],
    ['api.example.com?x:443', 'has a path'],
    ['10.0.0.0/8:443', 'is a range'],
    ['10.0.0.0/8', 'is a range'],
    ['[2001:db8::]/32:443', 'is a range'],
    ['api.example.com', 'has no port: write "api.example.com:443"'],
    ['203.0.113.7', 'has no port: write "203.0.113.7:443"'],
    ['[2001:db8::1]', 'has no port: write "[2001:db8::1]:443"'],
    ['api.example.com:', 'has no port from 1 to 65535'],
    ['api.example.com:0', 'has no port from 1 to 65535'],
    ['api.example.com:65536', 'has no port from 1 to 65535'],
    ['api.example.com:0443', 'has no port from 1 to 65535'],
    ['api.example.com:443-445', 'has no port from 1 to 65535'],
    ['api.example.com:*', 'has a * where none can be'],
    ['api.example.com:https', 'has no port from 1 to 65535'],
    ['*', 'allows every host'],
    ['*:443', 'allows every host'],
    ['*.com:443', 'allows a whole top-level domain'],
    ['*.:443', 'has no valid host'],
    ['*example.com:443', 'has a * where none can be'],
    ['api.*.com:443', 'has a * where none can be'],
    ['*.*.example.com:443', 'has a * where none can be'],
    ['*.203.0.113.7:443', 'has a * before an address'],
    ['*.[2001:db8::1]:443', 'in brackets'],
    ['2001:db8::1:443', 'in brackets'],
    ['2001:db8::1', 'in brackets'],
    ['[fe80::1%eth0]:443', 'has no valid host'],
    ['[api.example.com]:443', 'has no valid host'],
    ['0x7f.1:443', 'write 127.0.0.1'],
    ['2130706433:443', 'write 127.0.0.1'],
    ['0313.0.113.7:443', 'write 203.0.113.7'],
    ['1.2.3.256:443', 'has no valid host'],
    ['a..b:443', 'has no valid host'],
    ['.example.com:443', 'has no valid host'],
    ['-a.example.com:443', 'has no valid host'],
    ['a b.example.com:443', 'has no valid host'],
    ['a%2eb.example.com:443', 'has no valid host'],
    [`${'a'.repeat(64)}.example.com:443`, 'has no valid host'],
    [`${'a.'.repeat(127)}example.com:443`, 'has no valid host'],
    [':443', 'has no valid host'],
  ])('%s is refused with a fix', (text, fault) => {
    const parsed = parseEgressRule(text);
    if (parsed.ok) throw new Error(`read as ${JSON.stringify(parsed.value)}`);
    expect(parsed.error).toContain(fault);
    expect(parsed.error).toMatch(/: (?:write|name|list|it stands) .*\.$/);
  });
});

describe('a host and port', () => {
  test.each([
    ['api.example.com', 443, true],
    ['API.EXAMPLE.COM', 443, true],
    ['api.example.com.', 443, true],
    ['api.example.com', 80, false],
    ['example.com', 443, false],
    ['api.example.com.evil.example', 443, false],
    ['evil-api.example.com', 443, false],
    ['x.api.example.com', 443, false],
    ['a.internal.example', 5432, true],
    ['a.b.internal.example', 5432, true],
    ['A.Internal.Example.', 5432, true],
    ['internal.example', 5432, false],
    ['.internal.example', 5432, false],
    ['*.internal.example', 5432, false],
    ['evilinternal.example', 5432, false],
    ['a.internal.example', 5433, false],
    ['xn--bcher-kva.example', 443, true],
    ['BÜCHER.example', 443, true],
    ['203.0.113.7', 443, true],
    ['0xcb.0.113.7', 443, true],
    ['203.0.113.8', 443, false],
    ['2001:db8::1', 443, true],
    ['[2001:DB8::0:1]', 443, true],
    ['2001:db8::2', 443, false],
    ['::ffff:203.0.113.7', 443, false],
    ['', 443, false],
    ['api.example.com\u0000', 443, false],
    ['api.example.com/.internal.example', 5432, false],
    ['api.example.com#', 443, false],
  ])('%s:%d matches: %s', (host, port, expected) => {
    const rules = rulesOf(
      'api.example.com:443',
      '*.internal.example:5432',
      'bücher.example:443',
      '203.0.113.7:443',
      '[2001:db8::1]:443',
    );
    expect(matches(rules, host, port)).toBe(expected);
  });

  test('never match when there are no rules', () => {
    expect(matches([], 'api.example.com', 443)).toBe(false);
  });

  test('match a wildcard exactly when something stands before its dot', () => {
    const rules = rulesOf('*.example.com:443');
    const label = fc.stringMatching(/^[a-z0-9]{1,10}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 5 }), (labels) => {
        const name = labels.map((text) => `x${text}`).join('.');
        expect(matches(rules, `${name}.example.com`, 443)).toBe(true);
        expect(matches(rules, `${name}example.com`, 443)).toBe(false);
        expect(matches(rules, `example.com.${name}`, 443)).toBe(false);
      }),
    );
  });
});

function rulesOf(...texts: string[]): EgressRule[] {
  return texts.map((text) => {
    const parsed = parseEgressRule(text);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  });
}
