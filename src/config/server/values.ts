import { formatDuration, parseDuration } from '../../kernel/index.ts';
import { isBranchPrefix } from '../branch-prefix.ts';
import type { Expected } from '../fault-texts.ts';
import { type FaultList, type Path, type Place, addWithNearest } from '../faults.ts';
import type { ReadFile } from './file.ts';
import { FEWEST_RSA_BITS, KEY_BYTES, hexKeyOf, privateKeyPemOf, publicKeyPemOf } from './keys.ts';
import type { McpServerConfig, Origin, Secret } from './model.ts';
import type { SettingOption } from './option.ts';
import { isCidr, isRepositoryName, readList } from './lists.ts';
import { formatSize, parseSize } from './sizes.ts';

export type SettingValue =
  | string
  | number
  | boolean
  | readonly Secret[]
  | readonly string[]
  | readonly McpServerConfig[]
  | null;

/** A value as it was given, before it is understood, with the place it came from. */
export interface Given {
  /** How the giver calls it: `--port`, `FUNADE_PORT` or `webhook.port`. */
  readonly setting: string;
  readonly value: unknown;
  readonly origin: Origin;
  readonly path: Path;
  readonly place: Place | undefined;
}

const SHORTEST_SECRET = 16;
const SHORTEST_DURATION = 1000;
const LONGEST_DURATION = 10 * 365 * 86_400_000; // beyond it times can't be stored
const SHORTEST_KEY = 43; // 32 bytes as base64 without padding
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/; // RFC 1123 label

/** The value in the form of its option, or `undefined` after adding the faults. */
export function readValue(
  option: SettingOption,
  given: Given,
  { readFile, faults }: { readonly readFile: ReadFile; readonly faults: FaultList },
): SettingValue | undefined {
  const where = { path: given.path, place: given.place };
  if (given.value === '' || given.value === null) {
    faults.add('settingEmpty', { setting: given.setting }, where);
    return undefined;
  }
  switch (option.kind) {
    case 'secret':
    case 'secrets':
      return readSecret(given, faults, option);
    case 'key':
      return readKey(given, faults);
    case 'publicKey':
      return readPublicKey(given, readFile, faults);
    case 'text':
      return orWrong('text', textThat(given.value, /^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u), given, faults);
    case 'script':
      return orWrong('script', textThat(given.value, /^(?=.*\S)[^\0]+$/s), given, faults);
    case 'count':
      return readCount(option, given, faults);
    case 'amount':
      return readAmount(option, given, faults);
    case 'duration':
      return readDuration(option, given, faults);
    case 'size':
      return readSize(option, given, faults);
    case 'namespace':
      return orWrong('namespace', textThat(given.value, NAMESPACE), given, faults);
    case 'namespaces':
      return readEntries('namespaces', given, isNamespace, faults);
    case 'identities':
      return readEntries('identities', given, isIdentity, faults);
    case 'branchPrefix':
      return orWrong('branchPrefix', prefixOf(given.value), given, faults);
    case 'cidrs':
      return readEntries('cidrs', given, isCidr, faults);
    case 'repositories':
      return readEntries('repositories', given, isRepositoryName, faults);
    case 'privateKey':
      return readPrivateKey(given, readFile, faults);
    case 'choice':
      return readChoice(option, given, faults);
    case 'port':
      return orWrong('port', portOf(given.value), given, faults);
    case 'boolean':
      return orWrong('flag', booleanOf(given.value), given, faults);
    case 'host':
      return orWrong('host', textThat(given.value, /^[\w.:%[\]-]+$/), given, faults);
    case 'path':
      return orWrong('path', textThat(given.value, /^[^\0]+$/), given, faults);
    case 'url':
    case 'serverUrl':
    case 'modelUrl':
      return orWrong(option.kind, bareUrlOf(given.value), given, faults)?.replace(/\/+$/, '');
    case 'databaseUrl':
      return orWrong('databaseUrl', urlOf(given.value, ['postgres:', 'postgresql:']), given, faults);
    case 'mcp':
      throw new Error('MCP servers are read by `mcpServersOf`, with the file that they stand in');
  }
}

function orWrong<T>(expected: Expected, value: T | undefined, given: Given, faults: FaultList): T | undefined {
  if (value !== undefined) return value;
  const { words, example } = faults.expected(expected);
  // An address can carry a password, also when it is misspelt.
  const isAddress = ['databaseUrl', 'url', 'serverUrl', 'modelUrl'].includes(expected);
  const found = isAddress && /[@?#]/.test(String(given.value)) ? '***' : show(given.value, faults);
  addWrong(given, faults, { found, expected: words, example });
  return undefined;
}

export function show(value: unknown, faults: FaultList): string {
  if (value === null || value === undefined) return faults.word('nothing');
  if (Array.isArray(value)) return faults.word('aList');
  return typeof value === 'object' ? faults.word('aSection') : JSON.stringify(value);
}

function readChoice(option: SettingOption, given: Given, faults: FaultList): string | undefined {
  const known = option.choices ?? [];
  if (typeof given.value === 'string' && known.includes(given.value)) return given.value;
  const values = { setting: given.setting, found: show(given.value, faults) };
  const word = typeof given.value === 'string' ? given.value : '';
  addWithNearest(faults, 'settingChoice', { word, known, values, path: given.path, place: given.place });
  return undefined;
}

/** A secret is never part of a fault, whatever is wrong with it. */
export function readSecret(
  given: Given,
  faults: FaultList,
  { minimum = SHORTEST_SECRET, tooShort }: Pick<SettingOption, 'minimum' | 'tooShort'> = {},
): string | undefined {
  const { setting, value } = given;
  const where = { path: given.path, place: given.place };
  if (typeof value !== 'string') {
    const { words, example } = faults.expected('text');
    const found = typeof value === 'number' || typeof value === 'boolean' ? '***' : show(value, faults);
    faults.add('settingWrong', { setting, found, expected: words, example }, where);
    return undefined;
  }
  const reference = /\$\{[^}]*\}?/.exec(value)?.[0];
  if (value.trim() === '') faults.add('settingEmpty', { setting }, where);
  else if (given.origin.source !== 'file' && reference !== undefined) {
    faults.add('secretUnexpanded', { setting, found: /^\$\{\w*\}$/.test(reference) ? reference : '${…}' }, where);
  } else if (value.trim() !== value) faults.add('secretSpace', { setting }, where);
  else if (value.length < minimum) {
    faults.add(tooShort ?? 'secretShort', { setting, length: value.length, minimum }, where);
  } else return value;
  return undefined;
}

/** Shown as `***` whatever is wrong with it, as all secrets are. */
function readKey(given: Given, faults: FaultList): string | undefined {
  const text = readSecret(given, faults, { minimum: SHORTEST_KEY });
  const key = text === undefined ? undefined : hexKeyOf(text);
  if (text !== undefined && key === undefined) {
    addWrong(given, faults, {
      found: '***',
      expected: `${KEY_BYTES} bytes (base64, hex)`,
      example: '`$(openssl rand -hex 32)`',
    });
  }
  return key;
}

function readPublicKey(given: Given, readFile: ReadFile, faults: FaultList): string | undefined {
  const text = textThat(given.value, /^[^\0]+$/);
  if (text === undefined) return orWrong('path', undefined, given, faults);
  const pem = publicKeyPemOf(text, readFile);
  if (pem.ok) return pem.value;
  // What is no path may be a secret that was put in the wrong place.
  const found = /^[\w./@:-]*[./][\w./@:-]*$/.test(text) ? text : '***';
  if (pem.error.kind === 'unreadable') {
    const { reason } = pem.error;
    const file = `${given.setting} (${found})`;
    faults.add('unreadable', { file, reason }, { path: given.path, place: given.place });
  } else {
    const expected = `PEM (RSA PUBLIC KEY, ≥ ${FEWEST_RSA_BITS} bit)`;
    addWrong(given, faults, { found, expected, example: '`./jwt-public-key.pem`' });
  }
  return undefined;
}

function addWrong(
  given: Given,
  faults: FaultList,
  texts: { readonly found: string; readonly expected: string; readonly example: string },
): void {
  faults.add('settingWrong', { setting: given.setting, ...texts }, { path: given.path, place: given.place });
}

function readCount({ least = 0, most }: SettingOption, given: Given, faults: FaultList): number | undefined {
  const count = typeof given.value === 'string' && /^-?\d+$/.test(given.value) ? Number(given.value) : given.value;
  if (!Number.isSafeInteger(count)) return orWrong('integer', undefined, given, faults);
  const number = count as number;
  if (number >= least && number <= (most ?? number)) return number;
  const expected =
    most === undefined ? faults.word('atLeast', { min: least }) : faults.word('from', { min: least, max: most });
  addWrong(given, faults, { found: String(number), expected, example: `\`${number < least ? least : most}\`` });
  return undefined;
}

function readAmount({ least = 0 }: SettingOption, given: Given, faults: FaultList): number | undefined {
  const isDigits = typeof given.value === 'string' && /^-?\d+(?:\.\d+)?$/.test(given.value);
  const amount = isDigits ? Number(given.value) : given.value;
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return orWrong('number', undefined, given, faults);
  if (amount >= least) return amount;
  const expected = faults.word('atLeast', { min: least });
  addWrong(given, faults, { found: String(amount), expected, example: `\`${least}\`` });
  return undefined;
}

/** Unless its option says otherwise, less than a second is a mistake: it would ask a forge for more than it gives. */
function readDuration({ shortest, longest }: SettingOption, given: Given, faults: FaultList): number | undefined {
  const duration = typeof given.value === 'string' ? parseDuration(given.value) : undefined;
  if (duration === undefined) return orWrong('duration', undefined, given, faults);
  const most = parseDuration(longest ?? '') ?? LONGEST_DURATION;
  const least = parseDuration(shortest ?? '') ?? SHORTEST_DURATION;
  if (duration >= least && duration <= most) return duration;
  const tooShort = duration < least;
  const expected = tooShort
    ? faults.word('atLeast', { min: shortest ?? '1s' })
    : faults.word('atMost', { max: formatDuration(most) });
  const example = `\`${longest !== undefined && !tooShort ? longest : (shortest ?? '5m')}\``;
  addWrong(given, faults, { found: show(given.value, faults), expected, example });
  return undefined;
}

function readSize({ least = 0, most }: SettingOption, given: Given, faults: FaultList): number | undefined {
  const size = parseSize(given.value);
  if (size === undefined) return orWrong('size', undefined, given, faults);
  const largest = most ?? Number.MAX_SAFE_INTEGER;
  if (size >= least && size <= largest) return size;
  const expected = faults.word('from', { min: formatSize(least), max: formatSize(largest) });
  const example = `\`${formatSize(size < least ? least : largest)}\``;
  addWrong(given, faults, { found: show(given.value, faults), expected, example });
  return undefined;
}

/** A PEM or the file that holds one; never shown, whatever is wrong with it. */
function readPrivateKey(given: Given, readFile: ReadFile, faults: FaultList): string | undefined {
  const text = textThat(given.value, /^[^\0]+$/);
  const pem = text === undefined ? undefined : privateKeyPemOf(text, readFile);
  if (pem?.ok === true) return pem.value;
  const where = { path: given.path, place: given.place };
  if (pem?.error.kind === 'unreadable') {
    faults.add('unreadable', { file: given.setting, reason: pem.error.reason }, where);
  } else {
    const expected = `PEM (RSA PRIVATE KEY, ≥ ${FEWEST_RSA_BITS} bit)`;
    addWrong(given, faults, { found: '***', expected, example: '`./github-app.pem`' });
  }
  return undefined;
}

function readEntries(
  expected: Expected,
  given: Given,
  isRight: (text: string) => boolean,
  faults: FaultList,
): readonly string[] | undefined {
  return readList(given, isRight, (wrong) => {
    const isEmpty = wrong.value === null || (typeof wrong.value === 'string' && wrong.value.trim() === '');
    if (!isEmpty) return orWrong(expected, undefined, wrong, faults);
    faults.add('entryEmpty', { setting: given.setting }, { path: given.path, place: given.place });
    return undefined;
  });
}

function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}

const YES = ['true', '1', 'yes', 'on'];
const NO = ['false', '0', 'no', 'off'];

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = String(value).toLowerCase();
  if (YES.includes(word)) return true;
  return NO.includes(word) ? false : undefined;
}

function isNamespace(text: string): boolean {
  return NAMESPACE.test(text);
}

/** Whatever an identity provider makes up; names of groups with commas (`CN=admins,OU=…`) need the list of a file. */
function isIdentity(text: string): boolean {
  return text.length <= 1024 && /^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u.test(text);
}

function prefixOf(value: unknown): string | undefined {
  return typeof value === 'string' && isBranchPrefix(value) ? value : undefined;
}

function textThat(value: unknown, form: RegExp): string | undefined {
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

/** Paths are added to it, and it is shown: no user, password, query or fragment. */
function bareUrlOf(value: unknown): string | undefined {
  const url = urlOf(value, ['http:', 'https:']);
  if (url === undefined || /[?#]/.test(url)) return undefined;
  const { username, password } = new URL(url);
  return username === '' && password === '' ? url : undefined;
}

function urlOf(value: unknown, protocols: readonly string[]): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  return protocols.includes(new URL(value).protocol) ? value : undefined;
}
