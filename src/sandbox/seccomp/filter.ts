import { type Block, type Range, encode, give, ifEqual, load, mask, search } from './program.ts';
import { ARCHITECTURES, type Architecture, LAST_KNOWN, SYSCALLS, type Syscall, numberOf } from './syscalls.ts';

/**
 * `worker`: code that is only to compute and to talk over sockets. `command`: what a build runs, which may debug its own
 * children and look at network interfaces; neither may touch mounts, namespaces, keys, modules, clocks or other kernel doors.
 */
export type FilterProfile = 'worker' | 'command';

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** Offsets in `struct seccomp_data`; arguments are 64 bits wide, the low half first. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] = [1, 2, 10, 16];
/** CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}. */
const NEW_NAMESPACES =
  0x00000080 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
/** TIOCSTI and TIOCLINUX put characters into a terminal as if a person had typed them. */
const TERMINAL_INJECTION = [0x5412, 0x541c];
/** PER_LINUX, and the question for the present one. */
const PERSONALITIES = [0, 0xffffffff];

/** Answered as if the kernel did not know them: libraries then take another way. */
const UNKNOWN: ReadonlySet<Syscall> = new Set(['clone3', 'io_uring_setup', 'io_uring_enter', 'io_uring_register']);
/** What builds need and functions do not. */
const COMMANDS_MAY: ReadonlySet<Syscall> = new Set([
  'ptrace',
  'process_vm_readv',
  'process_vm_writev',
  'kcmp',
  'pidfd_getfd',
  'process_madvise',
  'get_mempolicy',
  'set_mempolicy',
  'mbind',
  'name_to_handle_at',
  'statmount',
  'listmount',
]);

/** Whether filters exist for this machine's architecture. */
export function isFilterable(architecture: string): architecture is Architecture {
  return Object.hasOwn(ARCHITECTURES, architecture);
}

/** The filter as bubblewrap's `--seccomp` takes it. */
export function compileFilter(profile: FilterProfile, architecture: Architecture): Buffer {
  return encode(filterOf(profile, architecture));
}

/** Another architecture's call ends the process: its numbers mean something else. x32 calls lie above the last known number. */
export function filterOf(profile: FilterProfile, architecture: Architecture): Block {
  const byNumber = [load(NUMBER), ...search(rangesOf(profile, architecture))];
  return [load(ARCHITECTURE), ...ifEqual(ARCHITECTURES[architecture], byNumber, give(KILL_PROCESS))];
}

function rangesOf(profile: FilterProfile, architecture: Architecture): readonly Range[] {
  const special = new Map<number, Block>();
  for (const name of Object.keys(SYSCALLS) as Syscall[]) {
    const number = numberOf(name, architecture);
    const block = decide(name, profile);
    if (number !== null && block !== null) special.set(number, block);
  }
  const ranges: Range[] = [{ from: 0, block: give(ALLOW) }];
  for (const [number, block] of [...special].sort(([left], [right]) => left - right)) {
    if (ranges.at(-1)?.from === number) ranges.pop();
    ranges.push({ from: number, block }, { from: number + 1, block: give(ALLOW) });
  }
  return [...ranges, { from: LAST_KNOWN + 1, block: give(ERRNO | ENOSYS) }];
}

/** What a filter does with a call; null where it is allowed whatever its arguments are. */
function decide(name: Syscall, profile: FilterProfile): Block | null {
  switch (name) {
    case 'socket':
      return oneOf(0, profile === 'worker' ? SOCKETS : [...SOCKETS, AF_NETLINK], EAFNOSUPPORT);
    case 'socketpair':
      return oneOf(0, [AF_UNIX], EAFNOSUPPORT);
    case 'clone':
      return [argument(0), mask(NEW_NAMESPACES), ...ifEqual(0, give(ALLOW), give(ERRNO | EPERM))];
    case 'ioctl':
      return noneOf(1, TERMINAL_INJECTION);
    case 'personality':
      return oneOf(0, PERSONALITIES, EPERM);
    default:
      if (profile === 'command' && COMMANDS_MAY.has(name)) return null;
      return give(ERRNO | (UNKNOWN.has(name) ? ENOSYS : EPERM));
  }
}

const SOCKETS = [AF_UNIX, AF_INET, AF_INET6];

/** The low half of an argument: what the kernel looks at, since all of these are `int` or 32 bits of flags. */
function argument(index: number) {
  return load(ARGUMENTS + 8 * index);
}

function oneOf(index: number, values: readonly number[], errno: number): Block {
  const tests = values.reduceRight((rest, value) => ifEqual(value, give(ALLOW), rest), give(ERRNO | errno));
  return [argument(index), ...tests];
}

function noneOf(index: number, values: readonly number[]): Block {
  const tests = values.reduceRight((rest, value) => ifEqual(value, give(ERRNO | EPERM), rest), give(ALLOW));
  return [argument(index), ...tests];
}
