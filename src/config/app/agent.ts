import { z } from 'zod';
import { isBranchPrefix } from '../branch-prefix.ts';
import type { Path } from '../faults.ts';
import type { ReadContext } from './context.ts';
import { command, duration, expecting, integer, section } from './fields.ts';
import { valueAt } from './issues.ts';
import type { AgentProjectConfig } from './model.ts';
import { readSection } from './section.ts';

/** Every setting is the server's. */
export const NO_AGENT: AgentProjectConfig = {
  runner: null,
  budget: { steps: null, tokens: null, money: null, time: null },
  branchPrefix: null,
  planApproval: null,
  allowedPaths: [],
  checks: [],
};

const pathPattern = z.string(expecting('pathPattern')).refine(isPathPattern, expecting('pathPattern'));

export const agentSchema = section({
  runner: z
    .enum(['noop', 'command', 'builtin'])
    .optional()
    .describe('What works on tasks. Default: as the server has it.'),
  budget: section({
    steps: integer(1, 1_000_000).optional().describe('Calls of the model.'),
    tokens: integer(1, 1e12).optional().describe('Tokens, input and output together.'),
    money: z
      .number(expecting('number'))
      .min(0.01)
      .max(1_000_000)
      .optional()
      .describe('US dollars; where the server knows the prices of its model.'),
    time: duration({ min: '1s', max: '7d' }).optional().describe('Time of work, pauses not counted.'),
  })
    .optional()
    .describe('What one task may use; the smaller one of this and what the server allows counts.'),
  branchPrefix: z
    .string(expecting('branchPrefix'))
    .refine(isBranchPrefix, expecting('branchPrefix'))
    .optional()
    .describe('What every branch that Funade pushes begins with. Default: as the server has it.'),
  planApproval: z
    .enum(['never', 'required'])
    .optional()
    .describe('`required`: a person approves the plan before the work begins, also where the server says never.'),
  allowedPaths: z
    .union([pathPattern, z.array(pathPattern, expecting('pathPatterns'))], expecting('pathPatterns'))
    .transform(listOf)
    .default([])
    .describe(
      'Files that a change may touch; `!` takes out again, the last pattern that matches decides. Default: all.',
    ),
  checks: z
    .union([command, z.array(command, expecting('commands'))], expecting('commands'))
    .transform(listOf)
    .default([])
    .describe('Commands that have to succeed before a pull request is opened.'),
});

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

/** A pattern that could match no path of a repository would forbid or allow nothing without anybody noticing. */
function isPathPattern(text: string): boolean {
  const path = text.startsWith('!') ? text.slice(1) : text;
  if (path.length > 500 || /[\p{Cc}\\?{}]/u.test(path)) return false;
  return path.split('/').every((segment) => !['', '.', '..'].includes(segment));
}

export function readAgent(context: ReadContext, path: Path): AgentProjectConfig {
  const value = valueAt(context.document.value, path);
  if (value === undefined || value === null) return NO_AGENT;
  const read = readSection(context, agentSchema, path);
  if (read === undefined) return NO_AGENT;
  const { steps = null, tokens = null, money = null, time = null } = read.budget ?? {};
  return {
    runner: read.runner ?? null,
    budget: { steps, tokens, money, time },
    branchPrefix: read.branchPrefix ?? null,
    planApproval: read.planApproval ?? null,
    allowedPaths: read.allowedPaths,
    checks: read.checks,
  };
}

export const agentExample = `# What coding agents may do in this repository. It is read from the branch that they start from, and can only narrow what
# the server allows: what is left out is as the server has it.
agent:
  # builtin, command or noop.
  # runner: builtin
  # What one task may use: calls of the model, tokens, US dollars (where the server knows the prices), time of work.
  # budget: { steps: 200, tokens: 4000000, money: 5, time: 1h }
  # What every branch begins with that Funade pushes.
  # branchPrefix: funade/
  # required: a person approves the plan before the work begins.
  # planApproval: required
  # Files that a change may touch: \`*\` within a folder, \`**\` across; \`!\` takes out again, the last pattern that matches
  # decides: [src/**, docs/**, "!src/secrets/**"]. An empty list allows all.
  allowedPaths: []
  # Commands that have to succeed before a pull request is opened: [npm ci, npm test].
  checks: []
`;
