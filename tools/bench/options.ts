import { parseArgs } from 'node:util';

export const SECTIONS = ['start', 'memory', 'stages', 'intake', 'echo'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly only: readonly SectionName[];
  readonly json: boolean;
  /** Milliseconds of one round of load. */
  readonly round: number;
  /** Rounds of subject and peer each, in turns. */
  readonly rounds: number;
}

export const USAGE = `npm run bench -- [--only ${SECTIONS.join(',')}] [--rounds 5] [--seconds 3] [--json]

Measures a real server process beside a peer in the same run. A missed target is told (✖) and is no error.`;

/** Reads the flags; a string is what is wrong with them. */
export function readOptions(argv: readonly string[]): BenchOptions | 'help' | { readonly fault: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const names = values.only?.split(',').map((name) => name.trim()) ?? SECTIONS;
    const unknown = names.filter((name) => !isSection(name));
    if (unknown.length > 0) return { fault: `--only knows ${SECTIONS.join(', ')}, not ${unknown.join(', ')}` };
    const rounds = Number(values.rounds);
    const seconds = Number(values.seconds);
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) return { fault: '--rounds takes 1 to 50' };
    if (!(seconds >= 0.5 && seconds <= 60)) return { fault: '--seconds takes 0.5 to 60' };
    return { only: names.filter(isSection), json: values.json, rounds, round: seconds * 1000 };
  } catch (thrown) {
    return { fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function isSection(name: string): name is SectionName {
  return (SECTIONS as readonly string[]).includes(name);
}
