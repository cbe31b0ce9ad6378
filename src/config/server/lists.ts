import { isIP } from 'node:net';
import type { Given } from './values.ts';

const MOST_ENTRIES = 1000;

/**
 * A list of texts, or a text whose parts are separated by commas. `wrong` is told every entry that `isRight` refuses, and the whole
 * when it is no list.
 */
export function readList(
  given: Given,
  isRight: (text: string) => boolean,
  wrong: (entry: Given) => undefined,
): readonly string[] | undefined {
  const { value } = given;
  const entries: readonly unknown[] | undefined =
    typeof value === 'string' ? value.split(',').map((part) => part.trim()) : arrayOf(value);
  if (entries === undefined || entries.length > MOST_ENTRIES) return wrong(given);
  const faulty = entries.filter((entry) => typeof entry !== 'string' || !isRight(entry));
  for (const entry of faulty) wrong({ ...given, value: entry });
  return faulty.length === 0 ? [...new Set(entries as readonly string[])] : undefined;
}

function arrayOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** An address, or the address of a network with the number of its bits. */
export function isCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}

export function isRepositoryName(text: string): boolean {
  return text.length <= 255 && /^[\w.-]+(?:\/[\w.-]+)+$/.test(text);
}
