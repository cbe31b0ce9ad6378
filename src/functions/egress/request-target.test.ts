import { describe, expect, test } from 'vitest';
import { parseConnectTarget, parseHttpTarget } from './request-target.ts';

describe('the target of a CONNECT', () => {
  test.each([
    ['api.example.com:443', { host: 'api.example.com', port: 443 }],
    ['API.example.com.:443', { host: 'api.example.com', port: 443 }],
    ['[2001:DB8::1]:443', { host: '2001:db8::1', port: 443 }],
    ['0x7f.1:80', { host: '127.0.0.1', port: 80 }],
  ])('%s is read', (text, target) => {
    expect(parseConnectTarget(text)).toEqual(target);
  });

  test.each([
    '',
    'api.example.com',
    'api.example.com:',
    ':443',
    'api.example.com:0',
    'api.example.com:99999',
    'api.example.com:4 43',
    'http://api.example.com:443',
    'user@api.example.com:443',
    'api.example.com:443/x',
    '2001:db8::1:443',
    '::1:443',
    '[::1]443',
    '[fe80::1%eth0]:443',
    'a:b:443',
  ])('"%s" is none', (text) => {
    expect(parseConnectTarget(text)).toBeNull();
  });
});

describe('the target of a plain request', () => {
  test.each([
    ['http://api.example.com', { host: 'api.example.com', port: 80, authority: 'api.example.com', path: '/' }],
    ['HTTP://API.example.com:80/', { host: 'api.example.com', port: 80, authority: 'api.example.com', path: '/' }],
    [
      'http://a.example:8080/x/%2e%2e/y?q=1',
      { host: 'a.example', port: 8080, authority: 'a.example:8080', path: '/x/%2e%2e/y?q=1' },
    ],
    ['http://a.example?q=http://b/', { host: 'a.example', port: 80, authority: 'a.example', path: '/?q=http://b/' }],
    ['http://[2001:db8::1]/x', { host: '2001:db8::1', port: 80, authority: '[2001:db8::1]', path: '/x' }],
    ['http://[2001:db8::1]:81/x', { host: '2001:db8::1', port: 81, authority: '[2001:db8::1]:81', path: '/x' }],
    ['http://a.example/@b.example:80', { host: 'a.example', port: 80, authority: 'a.example', path: '/@b.example:80' }],
  ])('%s is read', (text, target) => {
    expect(parseHttpTarget(text)).toEqual(target);
  });

  test.each([
    '/path',
    '*',
    'a.example:80',
    'https://a.example/',
    'ws://a.example/',
    'http:a.example/',
    'http:///a.example',
    'http://',
    'http://user@a.example/',
    'http://user:secret@a.example/',
    'http://a.example@b.example/',
    'http://a.example:x/',
    'http://a.example:/',
    'http://a.example\\@b.example/',
    'http://a.example/#x',
    'http://a.example/x y',
    'http://a.example/\u00e9',
    'http://2001:db8::1/',
    ' http://a.example/',
  ])('"%s" is none', (text) => {
    expect(parseHttpTarget(text)).toBeNull();
  });
});
