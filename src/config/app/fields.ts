import { isAbsolute, normalize } from 'node:path/posix';
import { z } from 'zod';
import { parseDuration } from '../../kernel/index.ts';
import type { Expected, FaultKey } from '../fault-texts.ts';

/** The `error` of a schema is a key of the expectations; the reader of issues turns it into a sentence. */
export function expecting(key: Expected): Expected {
  return key;
}

/** A map with these keys and no others (`x-…` is taken out before). Its issue on unknown keys carries the known ones. */
export function section<const Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(',') : expecting('section')),
  });
}

export function knownKeys(issue: { readonly message: string }): readonly string[] {
  return issue.message.split(',');
}

/** A fault of its own, found by a transformation: its key and values travel in the issue. */
export function addFault(
  context: z.RefinementCtx,
  fault: FaultKey,
  values: Readonly<Record<string, string | number>> = {},
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', params: { fault, values }, path });
}

/** The value has the right type but the wrong form. */
export function addExpected(context: z.RefinementCtx, expected: Expected, path: (string | number)[] = []): void {
  context.addIssue({ code: 'custom', params: { expected }, path });
}

const MINUTE = 60_000;
const LONGEST = 30 * 24 * 60 * MINUTE;

/** `10s`, `5m`, `1h30m` → milliseconds, within bounds. */
export function duration(bounds: { readonly min?: string; readonly max?: string } = {}) {
  const { min = '0s', max = '30d' } = bounds;
  const lowest = parseDuration(min) ?? 0;
  const highest = parseDuration(max) ?? LONGEST;
  return z
    .string(expecting('duration'))
    .meta({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$', examples: ['30s', '10m'] })
    .transform((text, context) => {
      const milliseconds = parseDuration(text);
      if (milliseconds === undefined) {
        addExpected(context, 'duration');
        return z.NEVER;
      }
      if (milliseconds < lowest || milliseconds > highest) {
        addFault(context, 'outOfRange', { min, max });
        return z.NEVER;
      }
      return milliseconds;
    });
}

export function integer(min: number, max: number) {
  return z.int(expecting('integer')).min(min).max(max);
}

export const flag = z.boolean(expecting('flag'));

/** `5%` or `0.05` → 0.05. */
export function share(bounds: { readonly above: number; readonly below: number }) {
  return z
    .union([z.number(), z.string().meta({ pattern: '^\\d+(\\.\\d+)?%$' })], expecting('share'))
    .transform((value, context) => {
      const fraction = typeof value === 'number' ? value : parsePercentage(value);
      if (fraction === undefined) {
        addExpected(context, 'share');
        return z.NEVER;
      }
      if (fraction <= bounds.above || fraction >= bounds.below) {
        addFault(context, 'outOfRange', { min: bounds.above, max: bounds.below });
        return z.NEVER;
      }
      return fraction;
    });
}

/** `5%` → 0.05; `undefined` when the text is no percentage. */
export function parsePercentage(text: string): number | undefined {
  const amount = /^(\d+(?:\.\d+)?)\s?%$/.exec(text)?.[1];
  // Number('5') / 100 is exact enough; going through a string would not be more precise.
  return amount === undefined ? undefined : Number(amount) / 100;
}

export const NAME = /^[a-z][a-z0-9-]{0,38}$/;
export const name = z.string(expecting('name')).regex(NAME, expecting('name'));

export const command = z
  .string(expecting('command'))
  .refine((text) => text.trim() !== '' && !text.includes('\0'), expecting('command'));

/** One command or a list of them, run one after the other. */
export const commands = z
  .union([command, z.array(command, expecting('commands')).min(1)], expecting('commands'))
  .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value));

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables of a process. `${NAME}` stays as it is: a reference that is resolved where the variable is used. */
export const variables = z
  .record(z.string(), z.string(expecting('text')), expecting('section'))
  .superRefine((record, context) => {
    for (const key of Object.keys(record)) {
      if (!VARIABLE.test(key)) addFault(context, 'badVariable', { key }, [key]);
      else if (key.startsWith('FUNADE_')) addFault(context, 'reservedVariable', { key }, [key]);
    }
  });

/** A path inside the checkout. */
export const checkoutPath = z.string(expecting('path')).superRefine((path, context) => {
  if (path.trim() === '' || path.includes('\0')) addExpected(context, 'path');
  else if (leavesCheckout(path)) addFault(context, 'pathEscapes');
});

function leavesCheckout(path: string): boolean {
  if (isAbsolute(path) || path.includes('\\') || /^[A-Za-z]:/.test(path)) return true;
  const plain = normalize(path);
  return plain === '..' || plain.startsWith('../');
}

const HANDLER = /^(?:[\w@.-]+\/)*[\w@-]+(?:\.[A-Za-z_$][\w$]*)+$/;

/** `file.export`, for example `dist/api.handler`. */
export const handler = z.string(expecting('handler')).superRefine((text, context) => {
  if (leavesCheckout(text)) addFault(context, 'pathEscapes');
  else if (!HANDLER.test(text) || text.startsWith('.')) addExpected(context, 'handler');
});

const EGRESS = /^(?:(?:\*\.)?[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?|\[[0-9A-Fa-f:.]+\]):([1-9]\d{0,4})$/u;

/** `host:port` of the egress proxy: a name, `*.` and a name, or an address (IPv6 in brackets). */
export const egressRule = z
  .string(expecting('egress'))
  .refine((text) => Number(EGRESS.exec(text)?.[1] ?? Number.NaN) <= 65_535, expecting('egress'));

const ROUTE = /^\/(?:[\w.~!$&'()+,;=:@%-]+(?:\/[\w.~!$&'()+,;=:@%-]+)*)?(?:\/?\*)?$/;

/** Path of a function: no empty, `.` or `..` segments, `*` only as the whole last segment. */
export const route = z.string(expecting('route')).superRefine((text, context) => {
  const segments = text.split('/').slice(1);
  const dotted = segments.some((segment) => segment === '.' || segment === '..');
  const starred = segments.some((segment) => segment.includes('*') && segment !== '*');
  if (!ROUTE.test(text) || dotted || starred) addExpected(context, 'route');
});

/** Path of a probe. `//host` would be another server's address. */
export const httpPath = z
  .string(expecting('httpPath'))
  .refine((text) => /^\/(?!\/)[^\s\\#]*$/.test(text), expecting('httpPath'));
