import { createHash } from 'node:crypto';
import type { Sticky, Weight } from '../port.ts';

/** Chooses a version per request. `key` is the caller's sticky key, when there is one. */
export interface Chooser {
  /** Undefined while no version takes traffic. */
  choose(key: string | undefined): string | undefined;
}

/**
 * The last of the weights is the candidate. A caller with a key goes to it when the key's place lies below its share.
 * Without keys, every hundred requests hold exactly as many for the candidate as its weight says, at random places: exact
 * after few requests, and never in step with a pattern in the traffic. `random` is uniform in [0, 1).
 */
export function createChooser(alias: string, weights: readonly Weight[], random: () => number): Chooser {
  const candidate = weights.at(-1);
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  if (candidate === undefined || total === 0) return { choose: () => undefined };
  const stable = weights.find(({ version }) => version !== candidate.version)?.version ?? candidate.version;
  let left = 0;
  let candidatesLeft = 0;

  function draw(): boolean {
    if (left === 0) {
      left = 100;
      candidatesLeft = candidate?.weight ?? 0;
    }
    const isCandidate = random() * left < candidatesLeft;
    left -= 1;
    if (isCandidate) candidatesLeft -= 1;
    return isCandidate;
  }

  const { version, weight } = candidate;
  if (weight === 100) return { choose: () => version };
  if (weight === 0) return { choose: () => stable };
  return {
    choose(key) {
      const isCandidate = key === undefined ? draw() : placeOf(alias, version, key) < weight / 100;
      return isCandidate ? version : stable;
    },
  };
}

/**
 * Where a key lies in [0, 1): `u32(sha256(alias ‖ salt ‖ key)) / 2³²`, the salt being the candidate. It does not depend on the weight,
 * so a higher weight never moves a key back; and every release tries other callers first.
 */
export function placeOf(alias: string, salt: string, key: string): number {
  return createHash('sha256').update(`${alias}\0${salt}\0${key}`).digest().readUInt32BE(0) / 2 ** 32;
}

/** The caller's sticky key in a request's headers. */
export function stickyKey(
  sticky: Sticky | null,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  if (sticky === null) return undefined;
  if ('header' in sticky) {
    const value = headers[sticky.header.toLowerCase()];
    const text = typeof value === 'object' ? value[0] : value;
    return text === '' ? undefined : text;
  }
  const cookies = headers['cookie'];
  if (typeof cookies !== 'string') return undefined;
  for (const part of cookies.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === sticky.cookie) return part.slice(equals + 1).trim() || undefined;
  }
  return undefined;
}
