import { type Fault, type Language, type Result, err, ok } from '../../kernel/index.ts';
import { createFaultList } from '../faults.ts';
import { nearest } from '../nearest.ts';
import { readYaml } from '../yaml-document.ts';
import { readAgent } from './agent.ts';
import { type ReadContext, isSection } from './context.ts';
import { addAt, addUnknownKey } from './issues.ts';
import type { AgentProjectConfig } from './model.ts';
import { TOP_KEYS } from './parse.ts';

/**
 * Only the section `agent:` of a `funade.yaml`, for agents; null where there is none. The file may be one of an application or
 * not: faults of other sections do not count. What can't be read as YAML does, and so does a misspelt `agent:` – an agent that
 * works without the limits that somebody wrote down is worse than one that does not work.
 */
export function parseAgentSection(
  text: string,
  file: string,
  options: { readonly language?: Language } = {},
): Result<AgentProjectConfig | null, readonly Fault[]> {
  if (isBlank(text)) return ok(null);
  const language = options.language ?? 'en';
  const ofFile = createFaultList(language, file);
  const document = readYaml(text, ofFile);
  if (document === undefined) return err(ofFile.all());
  const faults = createFaultList(language, file);
  const agent = readSectionOf({ document, faults, known: { targets: [], providers: {} }, misspelt: new Set() });
  const found = [...ofFile.all().filter(({ path }) => /^agent(?:[.[]|$)/.test(path ?? '')), ...faults.all()];
  return found.length > 0 ? err(found) : ok(agent);
}

function readSectionOf(context: ReadContext): AgentProjectConfig | null {
  const { value } = context.document;
  if (!isSection(value)) {
    const { words, example } = context.faults.expected('section');
    addAt(context, 'wrongValue', [], { expected: words, example });
    return null;
  }
  if (value['agent'] !== undefined && value['agent'] !== null) return readAgent(context, ['agent']);
  const slips = Object.keys(value).filter((key) => !key.startsWith('x-') && isSlip(key));
  for (const key of slips) addUnknownKey(context, [key], TOP_KEYS);
  return null;
}

function isSlip(key: string): boolean {
  return !TOP_KEYS.some((known) => known === key) && nearest(key, TOP_KEYS) === 'agent';
}

function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*|---\s*)?$/.test(line));
}
