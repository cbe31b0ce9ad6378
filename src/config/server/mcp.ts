import type { Expected } from '../fault-texts.ts';
import { type FaultList, type Path, addWithNearest, formatPath } from '../faults.ts';
import { nearest } from '../nearest.ts';
import { type Environment, expand } from './expand.ts';
import { type ConfigFile, isSection } from './file.ts';
import type { McpServerConfig } from './model.ts';
import { type Given, show } from './values.ts';

interface Sources {
  readonly file: ConfigFile | undefined;
  readonly env: Environment;
  readonly faults: FaultList;
}

interface Context extends Sources {
  readonly section: Given;
}

const KEYS = ['command', 'url', 'environment', 'headers'];
const NAME = /^[a-z][a-z0-9-]{0,38}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HEADER = /^[\w!#$%&'*+.^`|~-]+$/; // RFC 9110, 5.6.2

/**
 * The MCP servers of a section of the file, by name; `undefined` after adding all faults. `${NAME}` expands in every value, so
 * that any of them can hold a key, and none is shown.
 */
export function mcpServersOf(section: Given, sources: Sources): readonly McpServerConfig[] | undefined {
  const context = { ...sources, section };
  const before = sources.faults.count();
  const names = isSection(section.value) ? keysOf(section.value) : [];
  if (!isSection(section.value)) addWrong(section, 'section', context);
  const servers = names.map((name) => readServer(name, [...section.path, name], context));
  return sources.faults.count() > before ? undefined : servers.flatMap((server) => server ?? []);
}

function readServer(name: string, path: Path, context: Context): McpServerConfig | undefined {
  const entry = givenAt(path, context);
  if (!NAME.test(name)) {
    const place = context.file?.keyPlace(path);
    addWrong({ ...entry, setting: formatPath(path.slice(0, -1)), place }, 'name', context, JSON.stringify(name));
  }
  if (entry.value !== null && !isSection(entry.value)) return addWrong(entry, 'section', context);
  const keys = keysOf(entry.value ?? {});
  const misspelt = addUnknownKeys(keys, path, context);
  checkForm(keys, entry, misspelt, context);
  const has = (key: string): boolean => keys.includes(key);
  const command = has('command') ? readCommand([...path, 'command'], context) : undefined;
  const url = has('url') ? readUrl([...path, 'url'], context) : undefined;
  const environment = readTexts([...path, 'environment'], context, isVariable);
  const headers = readTexts([...path, 'headers'], context, isHeader);
  if (command !== undefined) return { kind: 'stdio', name, command, environment };
  return url === undefined ? undefined : { kind: 'http', name, url, headers };
}

/** Whether one of them looks like `command` or `url`: then the server has none of the two only by a slip. */
function addUnknownKeys(keys: readonly string[], path: Path, { file, faults }: Context): boolean {
  const unknown = keys.filter((key) => !KEYS.includes(key));
  for (const key of unknown) {
    const at = [...path, key];
    const values = { key, section: formatPath(path) };
    addWithNearest(faults, 'unknownKey', { word: key, known: KEYS, values, path: at, place: file?.keyPlace(at) });
  }
  return unknown.some((key) => ['command', 'url'].includes(nearest(key, KEYS) ?? ''));
}

function checkForm(keys: readonly string[], entry: Given, misspelt: boolean, { file, faults }: Context): void {
  const forms = ['command', 'url'].filter((key) => keys.includes(key));
  if (forms.length === 2 || (forms.length === 0 && !misspelt)) {
    const found = forms.length === 0 ? faults.word('nothing') : forms.join(' + ');
    const place = file?.keyPlace(entry.path);
    faults.add('mcpForm', { setting: entry.setting, found }, { path: entry.path, place });
  }
  if (forms.length !== 1) return;
  const [alone, key] = forms[0] === 'command' ? ['headers', 'url'] : ['environment', 'command'];
  if (!keys.includes(alone)) return;
  const path = [...entry.path, alone];
  faults.add('mcpKeyOutside', { setting: formatPath(path), key }, { path, place: file?.keyPlace(path) });
}

function readCommand(path: Path, context: Context): readonly string[] | undefined {
  const given = givenAt(path, context);
  if (!Array.isArray(given.value) || given.value.length === 0) return addWrong(given, 'program', context);
  const parts = given.value.map((_, index) => readText([...path, index], context, /^[^\0]*$/));
  if (parts[0]?.trim() === '') return addWrong(given, 'program', context);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** What stands behind `?` is often the key, and is taken as it is: nothing is added to the address. */
function readUrl(path: Path, context: Context): string | undefined {
  const text = readText(path, context, /^/);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isRight && url.hash === '' ? text : addWrong(givenAt(path, context), 'mcpUrl', context);
}

/** A section of texts, for example of variables. `isName` tells the fault of a name that is none. */
function readTexts(
  path: Path,
  context: Context,
  isName: (path: Path, context: Context) => boolean,
): Readonly<Record<string, string>> {
  const given = givenAt(path, context);
  if (given.value === null) return {};
  if (!isSection(given.value)) return addWrong(given, 'section', context) ?? {};
  const texts = Object.keys(given.value).flatMap((name) => {
    const at = [...path, name];
    const text = isName(at, context) ? readText(at, context, /^[^\0\r\n]*$/) : undefined;
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(texts);
}

function isVariable(path: Path, { file, faults }: Context): boolean {
  const key = String(path.at(-1));
  if (VARIABLE.test(key)) return true;
  faults.add('badVariable', { key }, { path, place: file?.keyPlace(path) });
  return false;
}

function isHeader(path: Path, context: Context): boolean {
  const name = String(path.at(-1));
  if (HEADER.test(name)) return true;
  const section = { ...givenAt(path, context), setting: formatPath(path.slice(0, -1)) };
  addWrong({ ...section, place: context.file?.keyPlace(path) }, 'headerName', context, JSON.stringify(name));
  return false;
}

function readText(path: Path, context: Context, form: RegExp): string | undefined {
  const given = givenAt(path, context);
  if (typeof given.value !== 'string') return addWrong(given, 'text', context);
  const expanded = expand(given, context.env, context.faults);
  if (expanded === undefined) return undefined;
  return form.test(String(expanded.value)) ? String(expanded.value) : addWrong(given, 'text', context);
}

/** A key without a value is `null`, at the place of the key. */
function givenAt(path: Path, { file, section }: Context): Given {
  const given = file?.given(path);
  if (given !== undefined) return given;
  return { setting: formatPath(path), value: null, origin: section.origin, path, place: file?.keyPlace(path) };
}

function addWrong(given: Given, expected: Expected, { faults }: Context, found?: string): undefined {
  const isShown = given.value === null || typeof given.value === 'object';
  const { words, example } = faults.expected(expected);
  const values = { setting: given.setting, found: found ?? (isShown ? show(given.value, faults) : '***') };
  faults.add('settingWrong', { ...values, expected: words, example }, { path: given.path, place: given.place });
}

function keysOf(section: object): readonly string[] {
  return Object.keys(section).filter((key) => !key.startsWith('x-'));
}
