import { withoutInvisible } from '../texts/foreign.ts';

/** A part of what others wrote, with its name. */
export interface DataPart {
  readonly name: string;
  readonly text: string;
  /** Bytes. */
  readonly longest: number;
}

/** Bytes of all that others wrote, in one prompt. */
export const LONGEST_DATA = 64 * 1024;

/** Comments within comments are taken out from the inside, one layer a turn: more layers than these nobody means, and they take time. */
const LAYERS = 20;

/**
 * What is readable of a text: HTML comments and the invisible link definitions that serve as comments in Markdown are taken out, since no
 * person saw them, and so are characters that can't be seen.
 */
export function visible(text: string): string {
  let rest = withoutInvisible(text);
  for (let layer = 0; layer < LAYERS; layer += 1) {
    // Strangers write this: no two repetitions stand side by side that take the same characters.
    const less = rest
      .replaceAll(/<!--[\s\S]*?(?:-->|$)/g, '')
      .replaceAll(/^ {0,3}\[[^\]\n]*\]:[ \t]*(?:(?:#|<>)[ \t]*)?["'(].*$/gm, '');
    if (less === rest) return rest.trim();
    rest = less;
  }
  return rest.replaceAll('<!--', '<! --').trim();
}

/**
 * Others' text in one marked block. What would end the block from inside is taken out of it: `boundary` is an id that nobody could know, and no text
 * can hold it afterwards.
 */
export function dataBlock(boundary: string, parts: readonly DataPart[]): string {
  const inner = parts.map(({ name, text, longest }) => `[${name}]\n${cutBytes(visible(text), longest)}`).join('\n\n');
  return [`<<<DATA ${boundary}`, withoutAll(inner, boundary), `DATA ${boundary}>>>`].join('\n');
}

function withoutAll(text: string, boundary: string): string {
  let rest = text;
  while (rest.includes(boundary)) rest = rest.replaceAll(boundary, '');
  return rest;
}

/** The last parts that fit, in their order, and how many were left out: the oldest go first. */
export function newestThatFit(
  parts: readonly DataPart[],
  room: number,
): { readonly kept: readonly DataPart[]; readonly cut: number } {
  let left = room;
  let first = parts.length;
  while (first > 0) {
    const part = parts[first - 1];
    if (part === undefined) break;
    left -= Math.min(Buffer.byteLength(visible(part.text)), part.longest) + Buffer.byteLength(part.name) + 8;
    if (left < 0) break;
    first -= 1;
  }
  return { kept: parts.slice(first), cut: first };
}

const CUT = '\n… (cut here: it is longer)';

/** At most so many bytes, between characters, and it says so. */
export function cutBytes(text: string, longest: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longest) return text;
  let end = Math.max(0, longest - Buffer.byteLength(CUT));
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString() + CUT;
}
