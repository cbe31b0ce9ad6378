import { hideUserinfo } from '../kernel/index.ts';
import { createMask } from '../sandbox/index.ts';

/** Replaces what must not be read by others with `***`. Masking what was masked changes nothing. */
export type Mask = (text: string) => string;

const MASK = '***';

/** A shorter value is a word of every language, and masking it would tell what it is. */
export const SHORTEST_SECRET = 8;

const KEY_BEGINS = '-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----';
const KEY_ENDS = '-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----';

/** Tokens by their shape, as those who issue them document it. */
const SHAPES: readonly RegExp[] = [
  new RegExp(`${KEY_BEGINS}(?:(?!${KEY_ENDS})[\\s\\S])*(?:${KEY_ENDS})?`, 'g'),
  /\bgh[pousr]_[A-Za-z0-9]{16,}/g,
  /\bgithub_pat_\w{16,}/g,
  /\bgl(?:pat|ptt|dt|rt|cbt|soat|agent|ft|imt|oas)-[\w.-]{16,}/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bxox[a-z]-[\w-]{10,}/g,
  /\bxapp-[\w-]{10,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bhf_[A-Za-z0-9]{30,}/g,
  /\bAIza[\w-]{30,}/g,
  // The head of a JWT is short; without a bound each of many beginnings in one line would be followed to its end.
  /\beyJ[\w-]{8,1024}\.[\w-]{8,}\.[\w-]{8,}/g,
];

/** The name stays, what follows it goes. */
const NAMED: readonly RegExp[] = [
  /(\baws_?secret_?(?:access_?)?key["']?[ \t]*[:=][ \t]*["']?)[\w/+=]{16,}/gi,
  /(\b(?:proxy-)?authorization["']?[ \t]*[:=][ \t]*["']?(?:(?:basic|bearer|token|digest)[ \t]+)?)[^\s"',;]+/gi,
  /(\b(?:private-token|x-api-key|job-token)["']?[ \t]*[:=][ \t]*["']?)[^\s"',;]+/gi,
];

/** Masks these values, in the spellings that they have in logs, and whatever looks like a token. */
export function createRedaction(secrets: readonly string[]): Mask {
  const known = secrets.filter((secret) => secret.trim().length >= SHORTEST_SECRET);
  const maskKnown = createMask(known.flatMap((secret) => [secret, ...encoded(secret.trim())]));
  function maskOnce(text: string): string {
    let masked = maskKnown(text);
    for (const shape of SHAPES) masked = masked.replaceAll(shape, MASK);
    for (const named of NAMED) masked = masked.replaceAll(named, `$1${MASK}`);
    return hideUserinfo(masked);
  }
  // What was masked may bring the parts of another one together; each turn leaves less of them.
  return function mask(text) {
    let before = text;
    for (let turn = 0; turn < 10; turn += 1) {
      const masked = maskOnce(before);
      if (masked === before) return masked;
      before = masked;
    }
    return before;
  };
}

function encoded(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}

/** Masks a text that comes in pieces. A line is handed over when it is whole, so that no token is cut in two. */
export interface RedactingStream {
  push(text: string): string;
  /** What was kept back. */
  end(): string;
}

const LONGEST_LINE = 16 * 1024;
/** A key that never ends is none, and must not swallow the rest of a log. */
const LONGEST_KEY = 20 * 1024;
const UNCLOSED = new RegExp(`${KEY_BEGINS}(?![\\s\\S]*${KEY_ENDS})`);
const CLOSING = new RegExp(KEY_ENDS);

export function createRedactingStream(mask: Mask): RedactingStream {
  let pending = '';
  let swallowed: number | null = null;

  function shown(part: string): string {
    if (swallowed === null) {
      if (UNCLOSED.test(part)) swallowed = 0;
      return mask(part);
    }
    const end = CLOSING.exec(part);
    if (end !== null) {
      swallowed = null;
      return shown(part.slice(end.index + end[0].length));
    }
    swallowed += part.length;
    if (swallowed > LONGEST_KEY) swallowed = null;
    return '';
  }

  function take(until: number): string {
    const part = pending.slice(0, until);
    pending = pending.slice(until);
    return part === '' ? '' : shown(part);
  }

  return {
    push: (text) => {
      pending += text;
      const whole = take(pending.lastIndexOf('\n') + 1);
      return pending.length > LONGEST_LINE ? whole + take(cutOf(pending, mask)) : whole;
    },
    end: () => take(pending.length),
  };
}

/** Where a line that is too long can be cut without cutting what is masked. */
function cutOf(line: string, mask: Mask): number {
  const whole = mask(line);
  let at = line.lastIndexOf(' ', line.length - 1024);
  for (let tries = 0; at > 0 && tries < 50; tries += 1) {
    if (mask(line.slice(0, at)) + mask(line.slice(at)) === whole) return at;
    at = line.lastIndexOf(' ', at - 1);
  }
  return line.length;
}
