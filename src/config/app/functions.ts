import { z } from 'zod';
import { type Path, formatPath } from '../faults.ts';
import { type ReadContext, isSection } from './context.ts';
import {
  NAME,
  addFault,
  checkoutPath,
  duration,
  egressRule,
  expecting,
  flag,
  handler,
  httpPath,
  integer,
  route,
  section,
  variables,
} from './fields.ts';
import { addAt, valueAt } from './issues.ts';
import { type FunctionConfig, RUNTIMES, type RuntimeName } from './model.ts';
import { readSection } from './section.ts';

const smokeSchema = section({
  http: httpPath.optional().describe("A request below the application's address."),
  event: z.json().optional().describe('An event, instead of a request.'),
  status: integer(100, 599).default(200).describe('Status that the request has to be answered with.'),
}).superRefine((smoke, context) => {
  if ((smoke.http === undefined) === (smoke.event === undefined)) addFault(context, 'smokeForm');
});

const functionSchema = section({
  runtime: z.enum(RUNTIMES).describe('Language of the function.'),
  handler: checkoutPath
    .optional()
    .describe(
      'Relative to the artifact. nodejs and python: `file.export`, for example `index.handler`; rust: a source file, `Cargo.toml` or a program; provided: what `bootstrap` finds in `_HANDLER`.',
    ),
  route: route
    .optional()
    .describe(
      'Path below /fn/{environment}/{app}; `/*` takes all below. Default: `/` and the name of the function; of a standalone function none, so that it takes no requests by HTTP.',
    ),
  auth: z.enum(['none', 'token']).default('none').describe('Whether callers need a token.'),
  timeout: duration({ min: '100ms', max: '15m' }).default(3000).describe('Longest time for one request.'),
  memory: integer(32, 10_240).default(128).describe('Megabytes for one instance.'),
  concurrency: integer(1, 64)
    .default(1)
    .describe('Requests that one instance works on at the same time; more than 1 with nodejs only.'),
  instances: section({
    min: integer(0, 64).optional().describe('Instances that are kept up. Default: 1.'),
    max: integer(1, 1000).optional().describe('Instances at most. Default: four for each processor of the server.'),
  })
    .default({})
    .describe('How many processes of the function there are.'),
  reserved: integer(0, 10_000)
    .optional()
    .describe('Requests that may run at the same time; 0 turns the function off. Default: no limit.'),
  network: z.enum(['none', 'open']).default('none').describe('`none`: an empty network; `open`: that of the server.'),
  egress: z
    .array(egressRule, expecting('list'))
    .default([])
    .describe('`host:port` that the function may reach although its network is empty.'),
  trusted: flag.default(true).describe('Whether it may run where isolation is missing.'),
  cache: duration({ max: '1d' }).default(0).describe('How long a result is given again for the same event; 0s: never.'),
  smoke: z
    .array(smokeSchema, expecting('list'))
    .default([])
    .describe('Requests that a new version has to answer before it takes traffic.'),
  environment: variables
    .default({})
    .describe('Variables; `${NAME}` is the secret of that name, resolved when the function starts.'),
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
    functions.set(name, readFunction(context, [...path, name], `/${name}`));
  }
  addTakenRoutes(context, path, functions);
  return functions;
}

/** What stands at `path` as the configuration of one function; `undefined` where it is faulty. */
export function readFunction(context: ReadContext, path: Path, usualRoute: string | null): FunctionConfig | undefined {
  const read = readSection(context, functionSchema, path);
  addMissingHandler(context, path);
  return read && completed(context, path, { read, usualRoute });
}

/** Told beside the faults of other keys: only some languages have a default. */
function addMissingHandler(context: ReadContext, path: Path): void {
  const value = valueAt(context.document.value, path);
  if (!isSection(value) || value['handler'] !== undefined || context.misspelt.has(formatPath([...path, 'handler']))) {
    return;
  }
  const runtime = RUNTIMES.find((name) => name === value['runtime']);
  if (runtime !== undefined && DEFAULT_HANDLERS[runtime] === undefined)
    addAt(context, 'handlerMissing', path, { runtime });
}

type ReadFunction = z.output<typeof functionSchema>;

/** The rules that lie between the keys of one function; `undefined` where one is broken. */
function completed(
  context: ReadContext,
  path: Path,
  { read, usualRoute }: { readonly read: ReadFunction; readonly usualRoute: string | null },
): FunctionConfig | undefined {
  const written = read.handler ?? DEFAULT_HANDLERS[read.runtime];
  const before = context.faults.count();
  if (written === undefined) return undefined;
  if (isExport(read.runtime) && !handler.safeParse(written).success) {
    const fault = /^[\x20-\x7e]*$/u.test(written) ? 'handlerForm' : 'handlerNotAscii';
    addAt(context, fault, [...path, 'handler'], { found: JSON.stringify(written), runtime: read.runtime });
  }
  if (read.concurrency > 1 && read.runtime !== 'nodejs') {
    addAt(context, 'concurrencyRuntime', [...path, 'concurrency'], { runtime: read.runtime });
  }
  const { min, max } = read.instances;
  if (min !== undefined && max !== undefined && min > max) {
    addAt(context, 'instancesOrder', [...path, 'instances'], { min, max });
  }
  if (read.network === 'open' && !read.trusted) addAt(context, 'openUntrusted', [...path, 'network'], {});
  if (context.faults.count() > before) return undefined;
  return {
    ...read,
    handler: written,
    route: read.route ?? usualRoute,
    instances: { min: min ?? null, max: max ?? null },
    reserved: read.reserved ?? null,
    smoke: read.smoke.map(({ http, event, status }) => ({ http: http ?? null, event: event ?? null, status })),
  };
}

const DEFAULT_HANDLERS: Readonly<Partial<Record<RuntimeName, string>>> = { provided: 'bootstrap' };

function isExport(runtime: RuntimeName): boolean {
  return runtime === 'nodejs' || runtime === 'python';
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
    if (config === undefined || config.route === null) continue;
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
    # nodejs, python, rust or provided (an unmodified AWS Lambda bootstrap).
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
    # Requests that one instance works on at the same time, 1 to 64 (more than 1 with nodejs only).
    concurrency: 1
    # Processes that are kept up, and at most.
    instances: { min: 1, max: 4 }
    # Requests that may run at the same time; 0 turns the function off.
    # reserved: 10
    # none (default): an empty network; what is listed under egress can be reached through a proxy. open: the server's own.
    network: none
    egress: []
    # false: refuse to run it where isolation is missing.
    trusted: true
    # How long a result is given again for the same event.
    cache: 0s
    # Requests that a new version has to answer before it takes traffic.
    smoke:
      - { http: /hello, status: 200 }
    # Variables of the function. \${NAME} is the secret of that name (\`funade secret set\`); names in FUNADE_ are reserved.
    environment: {}
`;
