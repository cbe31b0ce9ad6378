import { constants } from 'node:os';
import type { CommandEnd } from '../port.ts';

/** The end that an exit status tells of; 128+n is signal n. */
export function describeEnd(code: number | null, signal: NodeJS.Signals | null): CommandEnd {
  if (signal !== null) return { kind: 'signalled', signal };
  const named = signalOf(code ?? 0);
  return named === undefined ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal: named };
}

export function signalOf(code: number): NodeJS.Signals | undefined {
  if (code <= 128) return undefined;
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found?.[0] as NodeJS.Signals | undefined;
}
