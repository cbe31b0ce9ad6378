import { z } from 'zod';
import type { Path } from '../faults.ts';
import type { ReadContext } from './context.ts';
import { expecting, section } from './fields.ts';
import { valueAt } from './issues.ts';
import type { TriggerConfig } from './model.ts';
import { readSection } from './section.ts';

const DEFAULT: TriggerConfig = { branches: ['main', 'master'], tags: [] };

/** Characters that Git allows in no branch or tag, and `!`, which would read as "not" and has no such meaning here. */
const pattern = z.string(expecting('pattern')).regex(/^(?!!)[^\s~^:?[\\]+$/, expecting('pattern'));

const patterns = z
  .union([pattern, z.array(pattern, expecting('patterns'))], expecting('patterns'))
  .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value));

export const triggerSchema = section({
  branches: patterns.default(DEFAULT.branches).describe('Pushes to these branches make a release.'),
  tags: patterns.default(DEFAULT.tags).describe('Pushes of these tags make a release.'),
});

export function readTriggers(context: ReadContext, path: Path): TriggerConfig {
  const value = valueAt(context.document.value, path);
  if (value === undefined || value === null) return DEFAULT;
  return readSection(context, triggerSchema, path) ?? DEFAULT;
}

export const triggersExample = `# Which pushes make a release: \`*\` within a segment, \`**\` across. An empty list switches it off.
on:
  branches: [main, master]
  tags: []
`;
