import { type FaultList, addWithNearest, formatPath } from '../faults.ts';
import { nearest } from '../nearest.ts';
import { type Environment, expand } from './expand.ts';
import type { ConfigFile } from './file.ts';
import type { Origin, Secret } from './model.ts';
import { type Given, readSecret, show } from './values.ts';

interface FoundSecret extends Secret {
  readonly origin: Origin;
}

const KEYS = ['label', 'value'];

interface Sources {
  readonly file: ConfigFile | undefined;
  readonly env: Environment;
  readonly faults: FaultList;
}

/** The secrets of a list in the file: texts, or sections of label and value. */
export function secretsOfFile(given: Given, sources: Sources): readonly FoundSecret[] {
  const { faults } = sources;
  if (!Array.isArray(given.value)) {
    const { words, example } = faults.expected('secrets');
    const found = typeof given.value === 'object' ? show(given.value, faults) : '***';
    const values = { setting: given.setting, found, expected: words, example };
    faults.add('settingWrong', values, { path: given.path, place: given.place });
    return [];
  }
  const labels = new Set<string>();
  return given.value.flatMap((_, index) => {
    const entry = sources.file?.given([...given.path, index]);
    const secret = entry === undefined ? undefined : readEntry(entry, index, sources);
    if (entry === undefined || secret === undefined) return [];
    if (labels.has(secret.label)) {
      const values = { setting: given.setting, found: JSON.stringify(secret.label) };
      faults.add('secretLabelTaken', values, { path: entry.path, place: entry.place });
    }
    labels.add(secret.label);
    return secret;
  });
}

function readEntry(entry: Given, index: number, sources: Sources): FoundSecret | undefined {
  if (typeof entry.value !== 'object') return readText(entry, defaultLabel(entry.value, index), sources);
  const { faults, file } = sources;
  const section = formatPath(entry.path);
  const unknown = Object.keys(entry.value ?? {}).filter((key) => !KEYS.includes(key) && !key.startsWith('x-'));
  for (const key of unknown) {
    const path = [...entry.path, key];
    const place = file?.keyPlace(path);
    addWithNearest(faults, 'unknownKey', { word: key, known: KEYS, values: { key, section }, path, place });
  }
  const value = file?.given([...entry.path, 'value']);
  const label = file?.given([...entry.path, 'label'])?.value;
  if (value !== undefined) {
    return readText(value, typeof label === 'string' ? label : defaultLabel(value.value, index), sources);
  }
  if (!unknown.some((key) => nearest(key, KEYS) === 'value')) {
    const values = { key: 'value', section, expected: faults.expected('text').words };
    faults.add('missingKey', values, { path: [...entry.path, 'value'], place: entry.place });
  }
  return undefined;
}

function readText(given: Given, label: string, { env, faults }: Sources): FoundSecret | undefined {
  const expanded = expand(given, env, faults);
  const value = expanded && readSecret(expanded, faults);
  return value === undefined ? undefined : { label, value, origin: given.origin };
}

/** `${NAME}` is labelled by its variable, anything else by its place in the list. */
function defaultLabel(value: unknown, index: number): string {
  return /^\$\{(\w+)\}$/.exec(String(value))?.[1] ?? `secret-${index + 1}`;
}
