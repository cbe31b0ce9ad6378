import type { Clock } from '../../kernel/index.ts';
import type { Refusal } from './refusals.ts';

const SILENCE = 60_000;
const LINES_PER_MINUTE = 100;
const OVERFLOW = '';

/**
 * Tells `log` of each refusal at most once a minute for the same detail, and of at most 100 a minute: a function
 * that tries host after host must fill neither its log nor our memory.
 */
export function createRefusalLog(log: (text: string) => void, clock: Clock): (refusal: Refusal) => void {
  /** When each detail was told, the oldest first. */
  const told = new Map<string, number>();

  function isNews(detail: string, now: number): boolean {
    for (const [old, since] of told) {
      if (now - since < SILENCE) break;
      told.delete(old);
    }
    if (told.has(detail)) return false;
    told.set(detail, now);
    return true;
  }

  return ({ detail, fix }) => {
    const now = clock.now();
    const full = told.size >= LINES_PER_MINUTE && !told.has(detail);
    if (!isNews(full ? OVERFLOW : detail, now)) return;
    log(full ? 'Egress: more was refused than is shown here.' : `Egress: ${detail} ${fix}`);
  };
}
