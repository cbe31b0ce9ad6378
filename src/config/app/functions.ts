import { z } from 'zod';
import type { Path } from '../faults.ts';
import { type ReadContext, isSection } from './context.ts';
import { NAME, duration, expecting, handler, integer, route, section, variables } from './fields.ts';
import { addAt, valueAt } from './issues.ts';
import type { FunctionConfig } from './model.ts';
import { readSection } from './section.ts';

export const RUNTIMES = ['nodejs'] as const;

const functionSchema = section({
  runtime: z.enum(RUNTIMES).describe('Language of the function.'),
  handler: handler.describe('`file.export` relative to the artifact, for example `index.handler`.'),
  route: route
    .optional()
    .describe('Path below /fn/{environment}/{app}; `/*` takes all below. Default: `/` and the name of the function.'),
  auth: z.enum(['none', 'token']).default('none').describe('Whether callers need a token.'),
  timeout: duration({ min: '100ms', max: '15m' }).default(3000).describe('Longest time for one request.'),
  memory: integer(32, 10_240).default(128).describe('Megabytes for one instance.'),
  concurrency: integer(1, 64).default(1).describe('Requests that one instance works on at the same time.'),
  environment: variables.default({}).describe('Variables; `${NAME}` is resolved when the function starts.'),
});

export const functionsSchema = z.record(z.string().regex(NAME), functionSchema, expecting('section'));

/** Functions by name; the value is `undefined` where the declaration is faulty. */
export type ReadFunctions = ReadonlyMap<string, FunctionConfig | undefined>;

export function readFunctions(context: ReadContext, path: Path): ReadFunctions {
  const functions = new Map<string, FunctionConfig | undefined>();
  const value = valueAt(context.document.value, path);
  if (value === undefined || value === null) return functions;
  if (!isSection(value)) {
    readSection(context, functionsSchema, path);
    return functions;
  }
  for (const name of Object.keys(value)) {
    addBadName(context, [...path, name]);
    const read = readSection(context, functionSchema, [...path, name]);
    functions.set(name, read && { ...read, route: read.route ?? `/${name}` });
  }
  addTakenRoutes(context, path, functions);
  return functions;
}

/** Names become parts of addresses and files, so they keep to one form. */
export function addBadName(context: ReadContext, path: Path): void {
  const name = String(path.at(-1));
  if (NAME.test(name)) return;
  const { words, example } = context.faults.expected('name');
  const values = { found: JSON.stringify(name), expected: words, example };
  context.faults.add('wrongValue', values, { path, place: context.document.place(path, 'key') });
}

function addTakenRoutes(context: ReadContext, path: Path, functions: ReadFunctions): void {
  const owners = new Map<string, string>();
  for (const [name, config] of functions) {
    if (config === undefined) continue;
    const owner = owners.get(config.route);
    if (owner === undefined) {
      owners.set(config.route, name);
      continue;
    }
    const written = [...path, name, 'route'];
    const at = context.document.has(written) ? written : [...path, name];
    const { line } = context.document.place([...path, owner], 'key');
    addAt(context, 'routeTaken', at, { found: JSON.stringify(config.route), other: owner, line });
  }
}

export const functionsExample = `# What runs in an environment whose target is \`functions\`, by name.
functions:
  hello:
    runtime: nodejs
    # file.export below the artifact: index.mjs (or .js) that exports \`handler\`.
    handler: index.handler
    # Below /fn/<environment>/<app>. \`/files/*\` takes everything below. Default: / and the function's name.
    route: /hello
    # none (default) or token: callers send a token of Funade.
    auth: none
    # Longest time for one request, at most 15m.
    timeout: 3s
    # Megabytes for one instance.
    memory: 128
    # Requests that one instance works on at the same time, 1 to 64.
    concurrency: 1
    # Variables of the function. \${NAME} stays a reference until the function starts; names in FUNADE_ are reserved.
    environment: {}
`;
