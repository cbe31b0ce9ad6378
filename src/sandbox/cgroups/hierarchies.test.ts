import { expect, test } from 'vitest';
import { type Sources, findPlaces } from './hierarchies.ts';

function sources(mounts: readonly string[], groups: readonly string[], controllers = ''): Sources {
  return { mounts: mounts.join('\n'), groups: groups.join('\n'), controllersAt: () => controllers.split(' ') };
}

test('version 2 has every controller in one place, below the own group', () => {
  const places = findPlaces(
    sources(
      ['30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'],
      ['0::/system.slice/funade.service'],
      'cpuset cpu io memory pids',
    ),
  );
  const place = { version: 2, own: '/sys/fs/cgroup/system.slice/funade.service', mount: '/sys/fs/cgroup' };
  expect(Object.fromEntries(places)).toEqual({ memory: place, pids: place, cpu: place, freezer: place });
});

test('with both versions mounted each controller is where the kernel has it, and freezing is in version 2', () => {
  const places = findPlaces(
    sources(
      [
        '30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
        '31 24 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
        '32 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
        '33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      ],
      ['8:pids:/', '4:memory:/jobs/7', '2:cpu,cpuacct:/', '0::/'],
      'hugetlb',
    ),
  );
  expect(Object.fromEntries([...places].map(([name, { version, own }]) => [name, `${version} ${own}`]))).toEqual({
    memory: '1 /sys/fs/cgroup/memory/jobs/7',
    pids: '1 /sys/fs/cgroup/pids',
    cpu: '1 /sys/fs/cgroup/cpu,cpuacct',
    freezer: '2 /sys/fs/cgroup/unified',
  });
});

test('a container that is shown only its own part of a hierarchy finds itself at the mount', () => {
  const places = findPlaces(
    sources(
      ['30 24 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'],
      ['4:memory:/docker/abc/inner'],
    ),
  );
  expect(places.get('memory')).toMatchObject({ version: 1, own: '/sys/fs/cgroup/memory/inner' });
});

test('a machine without control groups has none', () => {
  expect(findPlaces(sources(['22 1 8:1 / / rw - ext4 /dev/sda rw'], ['0::/'])).size).toBe(0);
});
