import { expect, test } from 'vitest';
import { commandArguments, inMountingOrder } from './bubblewrap.ts';

test('a path below a hidden one is mounted after it', () => {
  const order = inMountingOrder([
    { path: '/data/checkouts/a', as: 'writable' },
    { path: '/data', as: 'empty-directory' },
    { path: '/tmp', as: 'writable' },
  ]);
  expect(order.map((mount) => mount.path)).toEqual(['/data', '/tmp', '/data/checkouts/a']);
});

test('a path that is both hidden and writable is writable', () => {
  const order = inMountingOrder([
    { path: '/data', as: 'writable' },
    { path: '/data', as: 'readable' },
    { path: '/data', as: 'empty-directory' },
  ]);
  expect(order).toEqual([{ path: '/data', as: 'writable' }]);
});

test('the host is mounted read-only before anything else and no capability is kept', () => {
  const line = commandArguments({ argv: ['true'], cwd: '/', network: 'none', mounts: [], statusFd: 3 }).join(' ');
  expect(line).toContain('--unshare-net --cap-drop ALL');
  expect(line.indexOf('--ro-bind / /')).toBeLessThan(line.indexOf('--dev /dev'));
  expect(line).not.toContain('--bind / /');
});
