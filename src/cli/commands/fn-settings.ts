import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type FunctionSettings, parseFunctionConfig, readFunctionSettings } from '../../config/index.ts';
import { type Fault, type Language, messageOf } from '../../kernel/index.ts';
import type { Context } from '../context.ts';
import { usage } from '../flags.ts';
import { type Invocation, given, textOption } from '../shell.ts';
import { listOption } from './fn-arguments.ts';

type Values = Readonly<Record<string, unknown>>;

/** What `--config` and the flags say of a function, in the names of `funade.yaml`. */
export interface Settings {
  /** Flags win over the file. */
  readonly values: Values;
  /** Keys that flags gave a value. */
  readonly flagged: ReadonlySet<string>;
  readonly file: SettingsFile | null;
  /** What can't be read at all, in the file or in a flag. What was read may be wrong beside it. */
  readonly faults: readonly Fault[];
}

interface SettingsFile extends FunctionSettings {
  readonly name: string;
  readonly text: string;
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['runtime', '--runtime'],
  ['handler', '--handler'],
  ['memory', '--memory'],
  ['timeout', '--timeout'],
  ['concurrency', '--concurrency'],
  ['environment', '--env'],
  ['route', '--route'],
  ['egress', '--egress'],
  ['trusted', '--trusted'],
]);
export async function readSettings(context: Context, invocation: Invocation): Promise<Settings> {
  const file = await readSettingsFile(context, textOption(invocation, 'config'));
  const { variables: environment, faults } = readVariables(context, listOption(invocation, 'env'));
  const egress = listOption(invocation, 'egress');
  const flags: Values = given({
    runtime: textOption(invocation, 'runtime'),
    handler: textOption(invocation, 'handler'),
    memory: numberOf(textOption(invocation, 'memory')),
    // `--timeout` is a global flag: commander hands it to the program.
    timeout: invocation.program.opts<Values>()['timeout'],
    concurrency: numberOf(textOption(invocation, 'concurrency')),
    environment: environment && { ...recordOf(file?.values?.['environment']), ...environment },
    route: textOption(invocation, 'route'),
    egress: egress.length === 0 ? undefined : [...new Set([...listOf(file?.values?.['egress']), ...egress])],
    trusted: invocation.options['trusted'] === true ? true : undefined,
  });
  return {
    values: { ...file?.values, ...flags },
    flagged: new Set(Object.keys(flags)),
    file,
    faults: [...(file?.documentFaults ?? []), ...faults],
  };
}

/** What the server would say of a configuration, in the reader's language and before anything is sent. */
export function faultsOf(config: Values, language: Language): readonly Fault[] {
  const text = JSON.stringify({ trusted: false, ...config });
  const read = parseFunctionConfig(text, { file: '', route: null, language });
  return read.ok ? [] : read.error.map(({ message, path, fix }) => ({ message, path, fix }));
}

/** The fault with the place that its setting came from: a flag, or a line of the file. */
export function placed({ flagged, file }: Settings, fault: Fault): Fault {
  if (fault.file !== undefined || fault.path === undefined) return fault;
  const [key = ''] = fault.path.split(/[.[]/u);
  const flag = FLAGS.get(key);
  if (flag !== undefined && (flagged.has(key) || file === null)) return { ...fault, path: flag };
  const alike = file?.faults.filter(({ path }) => path === fault.path) ?? [];
  const own = alike.find(({ message }) => message === fault.message) ?? alike[0];
  return own === undefined ? fault : { ...fault, file: own.file, line: own.line, column: own.column };
}

async function readSettingsFile(context: Context, name: string | undefined): Promise<SettingsFile | null> {
  if (name === undefined) return null;
  const text = await readFile(resolve(context.terminal.directory, name), 'utf8').catch((thrown: unknown) => {
    throw usage(
      context.text('usage.fileUnreadable', { file: name, reason: messageOf(thrown) }),
      'funade fn deploy --help',
    );
  });
  return { name, text, ...readFunctionSettings(text, { file: name, language: context.language }) };
}

/** `KEY=VALUE`, the value with all that follows the first `=`. A value may be secret: no fault repeats it. */
function readVariables(
  { text }: Context,
  pairs: readonly string[],
): { readonly variables: Readonly<Record<string, string>> | undefined; readonly faults: readonly Fault[] } {
  const entries: [string, string][] = [];
  const faults: Fault[] = [];
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/su.exec(pair) ?? [];
    if (key !== undefined && value !== undefined) entries.push([key, value]);
    else {
      const message = text('fn.variable', { value: pair.split('=', 1)[0] ?? '' });
      faults.push({ path: '--env', message, fix: text('fn.variableFix') });
    }
  }
  return { variables: pairs.length === 0 ? undefined : Object.fromEntries(entries), faults };
}

/** A text that is no number goes on as it is: what reads it then says what it has to be. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,9}$/u.test(text) ? Number(text) : text;
}

function recordOf(value: unknown): Values {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
