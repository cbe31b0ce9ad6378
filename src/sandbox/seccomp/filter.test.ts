import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter, filterOf } from './filter.ts';
import { evaluate, give, search } from './program.ts';
import { ARCHITECTURES, type Architecture, LAST_KNOWN, type Syscall, numberOf } from './syscalls.ts';

const ALLOW = 0x7fff0000;
const errno = (number: number) => 0x00050000 | number;
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];

function callOf(number: number, args: readonly number[], architecture: number): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(architecture >>> 0, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  return data;
}

describe.each(['x64', 'arm64'] as const)('on %s', (architecture: Architecture) => {
  const run = (name: Syscall, args: readonly number[] = [], profile: 'worker' | 'command' = 'worker') =>
    evaluate(
      filterOf(profile, architecture),
      callOf(numberOf(name, architecture) ?? -1, args, ARCHITECTURES[architecture]),
    );

  test('sockets are UNIX, INET and INET6; a build may also ask for network interfaces', () => {
    expect([1, 2, 10, 16, 40, 38].map((family) => run('socket', [family]))).toEqual([
      ...[ALLOW, ALLOW, ALLOW],
      ...[errno(EAFNOSUPPORT), errno(EAFNOSUPPORT), errno(EAFNOSUPPORT)],
    ]);
    expect(run('socket', [16], 'command')).toBe(ALLOW);
    expect(run('socket', [40], 'command')).toBe(errno(EAFNOSUPPORT));
    expect([run('socketpair', [1]), run('socketpair', [2])]).toEqual([ALLOW, errno(EAFNOSUPPORT)]);
  });

  test('threads and forks pass, new namespaces do not, and clone3 is unknown so that libraries fall back to clone', () => {
    expect(run('clone', [0x3d0f00])).toBe(ALLOW);
    for (const flag of [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(run('clone', [flag | 17])).toBe(errno(EPERM));
    }
    expect([run('clone3'), run('unshare'), run('setns')]).toEqual([errno(ENOSYS), errno(EPERM), errno(EPERM)]);
  });

  test('a terminal takes no injected characters and a personality can only be asked for', () => {
    expect([0x5401, 0x5412, 0x541c].map((request) => run('ioctl', [0, request]))).toEqual([
      ALLOW,
      errno(EPERM),
      errno(EPERM),
    ]);
    expect([0, 0xffffffff, 0x0040000].map((persona) => run('personality', [persona]))).toEqual([
      ALLOW,
      ALLOW,
      errno(EPERM),
    ]);
  });

  test('doors into the kernel and into other processes are shut; a build may debug its own children', () => {
    const shut: readonly Syscall[] = [
      'bpf',
      'mount',
      'keyctl',
      'perf_event_open',
      'userfaultfd',
      'reboot',
      'open_tree',
    ];
    for (const name of shut) {
      expect(run(name)).toBe(errno(EPERM));
      expect(run(name, [], 'command')).toBe(errno(EPERM));
    }
    expect([run('ptrace'), run('ptrace', [], 'command')]).toEqual([errno(EPERM), ALLOW]);
    expect(run('io_uring_setup')).toBe(errno(ENOSYS));
  });

  test('calls that are newer than this list, and x32 calls, are unknown', () => {
    const filter = filterOf('worker', architecture);
    const at = (number: number) => evaluate(filter, callOf(number, [], ARCHITECTURES[architecture]));
    expect([at(LAST_KNOWN), at(LAST_KNOWN + 1), at(0x40000000 + 41), at(0xffffffff)]).toEqual([
      ALLOW,
      ...[errno(ENOSYS), errno(ENOSYS), errno(ENOSYS)],
    ]);
  });

  test('a call of another architecture ends the process', () => {
    const i386 = 0x40000003;
    expect(evaluate(filterOf('worker', architecture), callOf(102, [], i386))).toBe(0x80000000);
  });

  test('the program is within what the kernel takes', () => {
    const bytes = compileFilter('worker', architecture);
    expect(bytes.length % 8).toBe(0);
    expect(bytes.length / 8).toBeLessThan(4096);
  });
});

test('a search finds the range of any number, however far apart the blocks are', () => {
  const starts = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(starts, fc.integer({ min: 0, max: 1200 }), (from, number) => {
      const ranges = [0, ...from.sort((a, b) => a - b)].map((start) => ({ from: start, block: give(start) }));
      const expected = ranges.findLast((range) => range.from <= number)?.from;
      const program = [{ code: 0x20, whenTrue: 0, whenFalse: 0, operand: 0 }, ...search(ranges)];
      expect(evaluate(program, callOf(number, [], 0))).toBe(expected);
    }),
  );
});
