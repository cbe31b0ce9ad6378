import { expect, test } from 'vitest';
import { commandArguments, inMountingOrder, workerArguments } from './bubblewrap.ts';

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
  const namespaces = { network: 'none', sealed: false, asNobody: true } as const;
  const line = commandArguments({ namespaces, cwd: '/', mounts: [], shared: null }).join(' ');
  expect(line).toContain('--unshare-net --cap-drop ALL');
  expect(line.indexOf('--ro-bind / /')).toBeLessThan(line.indexOf('--dev /dev'));
  expect(line).not.toContain('--bind / /');
});

test('a worker never gets the host, and what bubblewrap makes by itself is bounded and read-only at the end', () => {
  const namespaces = { network: 'none', sealed: true, asNobody: false } as const;
  const line = workerArguments({ namespaces, cwd: '/var/task', mounts: [], temporary: 1024 }).join(' ');
  expect(line).not.toMatch(/bind \/ /);
  expect(line).toContain('--disable-userns');
  expect(line).toContain('--remount-ro /dev --size 1024 --tmpfs /dev/shm --size 1024 --tmpfs /tmp');
  expect(line).toMatch(/--remount-ro \/ --chdir \/var\/task$/);
});
