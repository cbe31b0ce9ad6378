import { expect, test } from 'vitest';
import { type Confinement, confine } from './command-line.ts';

const NOTHING: Confinement = {
  bubblewrap: null,
  user: null,
  joins: [],
  files: null,
  processes: null,
  processesInside: null,
};

const WITHOUT_CORE = ['/bin/sh', '-c', 'ulimit -c 0; shift; exec "$@"', 'sh', '--'];

test('without anything to confine the program is called as it is, and writes no core', () => {
  expect(confine(['node', 'a b.js'], NOTHING)).toEqual([...WITHOUT_CORE, 'node', 'a b.js']);
});

test('groups are joined and limits set first, then the user changes, then comes bubblewrap', () => {
  const line = confine(['/bin/true', '--flag'], {
    bubblewrap: { program: '/usr/bin/bwrap', args: ['--unshare-user'] },
    user: { id: 7000, setpriv: '/usr/bin/setpriv' },
    joins: ['/sys/a/cgroup.procs', '/sys/b/cgroup.procs'],
    files: 256,
    processes: 66,
    processesInside: null,
  });
  const script = line[2] ?? '';
  expect(line.slice(0, 2)).toEqual(['/bin/sh', '-c']);
  expect(script.indexOf('ulimit -n 256')).toBeLessThan(script.indexOf('echo 0 >'));
  expect(line.slice(3)).toEqual([
    ...['sh', '/sys/a/cgroup.procs', '/sys/b/cgroup.procs', '--'],
    ...['/usr/bin/setpriv', '--reuid=7000', '--regid=7000', '--clear-groups'],
    ...['/usr/bin/bwrap', '--unshare-user', '--', '/bin/true', '--flag'],
  ]);
});

test('a limit that is counted inside is set inside', () => {
  const line = confine(['/bin/true'], {
    ...NOTHING,
    bubblewrap: { program: 'bwrap', args: [] },
    processesInside: 64,
  });
  expect(line).toEqual([
    ...WITHOUT_CORE,
    ...['bwrap', '--', '/bin/sh', '-c', expect.stringContaining('-u 64'), 'sh', '/bin/true'],
  ]);
});
