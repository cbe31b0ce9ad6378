import { parseArgs } from 'node:util';
import { FUNCTION_PARTS, type FunctionPart } from './functions/parts.ts';

/** What is measured when nothing is named. `functions` installs packages to compare with, and is measured when it is named. */
const DEFAULT_SECTIONS = ['start', 'memory', 'stages', 'intake', 'agent', 'echo', 'guard'] as const;
export const SECTIONS = [...DEFAULT_SECTIONS, 'functions'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly only: readonly SectionName[];
  /** Of the section `functions`. */
  readonly parts: readonly FunctionPart[];
  readonly json: boolean;
  /** Milliseconds of one round of load. */
  readonly round: number;
  /** Rounds of subject and peer each, in turns. */
  readonly rounds: number;
  /** Folder for processor profiles of the server in the sections `functions`, `intake` and `guard`. */
  readonly profile: string | null;
}

export const USAGE = `npm run bench -- [section …] [--rounds 5] [--seconds 3] [--json]

  sections   ${DEFAULT_SECTIONS.join(', ')}: all of them by default; as words, or as --only a,b
             functions: only when it is named, as it installs packages to compare with
  --parts    of functions: ${FUNCTION_PARTS.join(',')}
  --profile  folder for processor profiles of the server (functions, intake, guard)

Measures a real server process beside a peer in the same run. A missed target is told (✖) and is no error; a delivery or
a request that got lost is one.`;

/** Reads the flags; a string is what is wrong with them. */
export function readOptions(argv: readonly string[]): BenchOptions | 'help' | { readonly fault: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        parts: { type: 'string' },
        profile: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const named = [...positionals, ...listOf(values.only)];
    const only = pick(named.length === 0 ? DEFAULT_SECTIONS : named, SECTIONS);
    if ('unknown' in only) return { fault: `sections are ${SECTIONS.join(', ')}, not ${only.unknown}` };
    const parts = pick(values.parts === undefined ? FUNCTION_PARTS : listOf(values.parts), FUNCTION_PARTS);
    if ('unknown' in parts) return { fault: `--parts knows ${FUNCTION_PARTS.join(', ')}, not ${parts.unknown}` };
    const rounds = Number(values.rounds);
    const seconds = Number(values.seconds);
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) return { fault: '--rounds takes 1 to 50' };
    if (!(seconds >= 0.5 && seconds <= 60)) return { fault: '--seconds takes 0.5 to 60' };
    const { json, profile = null } = values;
    return { only: only.known, parts: parts.known, json, profile, rounds, round: seconds * 1000 };
  } catch (thrown) {
    return { fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function listOf(value: string | undefined): readonly string[] {
  return value?.split(',').map((name) => name.trim()) ?? [];
}

/** Those of the names that exist, in their own order, or the ones that do not. */
function pick<T extends string>(
  named: readonly string[],
  all: readonly T[],
): { readonly known: readonly T[] } | { readonly unknown: string } {
  const unknown = named.filter((name) => !(all as readonly string[]).includes(name));
  return unknown.length > 0 ? { unknown: unknown.join(', ') } : { known: all.filter((name) => named.includes(name)) };
}
