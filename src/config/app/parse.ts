import { z } from 'zod';
import { type Fault, type Language, type Result, err, ok } from '../../kernel/index.ts';
import { type Path, createFaultList } from '../faults.ts';
import { nearest } from '../nearest.ts';
import { readYaml } from '../yaml-document.ts';
import { readAgent } from './agent.ts';
import { EMBEDDED, EMBEDDED_METRICS } from './metric-checks.ts';
import { type KnownNames, type ReadContext, isSection } from './context.ts';
import { crossCheck } from './cross-checks.ts';
import { TARGETS, readEnvironments } from './environments.ts';
import { expecting, name } from './fields.ts';
import { readFunctions } from './functions.ts';
import { addAt, addUnknownKey } from './issues.ts';
import type { AppConfig } from './model.ts';
import { readPipeline } from './pipeline.ts';
import { readSection } from './section.ts';
import { readTriggers } from './triggers.ts';

export const TOP_KEYS = ['version', 'app', 'on', 'functions', 'pipeline', 'environments', 'agent'] as const;
type TopKey = (typeof TOP_KEYS)[number];

export interface ParseOptions extends Partial<KnownNames> {
  /** Language of the faults; `en` by default. */
  readonly language?: Language;
}

/**
 * Reads `funade.yaml`. `file` is only used to say where faults are. Either the configuration with all defaults applied,
 * or every fault of the file at once, in the order of its lines.
 */
export function parseAppConfig(
  text: string,
  file: string,
  options: ParseOptions = {},
): Result<AppConfig, readonly Fault[]> {
  const faults = createFaultList(options.language ?? 'en', file);
  const document = readYaml(text, faults);
  if (document === undefined) return err(faults.all());
  const known: KnownNames = {
    targets: options.targets ?? TARGETS,
    providers: options.providers ?? { [EMBEDDED]: Object.keys(EMBEDDED_METRICS) },
  };
  const config = readApp({ document, faults, known, misspelt: new Set() });
  const found = faults.all();
  return config === undefined || found.length > 0 ? err(found) : ok(config);
}

function readApp(context: ReadContext): AppConfig | undefined {
  const { value } = context.document;
  if (!isSection(value)) {
    const { words, example } = context.faults.expected('section');
    addAt(context, 'wrongValue', [], { expected: words, example });
    return undefined;
  }
  const paths = topPaths(context, value);
  const version = readSection(context, z.literal(1, expecting('version')), paths.version);
  const app = readSection(context, name, paths.app);
  const on = readTriggers(context, paths.on);
  const functions = readFunctions(context, paths.functions);
  const environments = readEnvironments(context, paths.environments);
  const pipeline = readPipeline(context, paths.pipeline);
  const agent = readAgent(context, paths.agent);
  crossCheck(context, { functions, environments, pipeline, environmentsPath: paths.environments });
  if (version === undefined || app === undefined) return undefined;
  return {
    version,
    app,
    on,
    functions: Object.fromEntries(present(functions)),
    pipeline: pipeline.flatMap(({ stage }) => stage ?? []),
    environments: Object.fromEntries(present(environments)),
    agent,
  };
}

/** Where each section stands. A misspelt one is told and read under its wrong name, so that its faults are told too. */
function topPaths(context: ReadContext, value: Readonly<Record<string, unknown>>): Readonly<Record<TopKey, Path>> {
  const paths: Record<TopKey, Path> = {
    version: ['version'],
    app: ['app'],
    on: ['on'],
    functions: ['functions'],
    pipeline: ['pipeline'],
    environments: ['environments'],
    agent: ['agent'],
  };
  for (const key of Object.keys(value)) {
    if (key.startsWith('x-') || TOP_KEYS.some((known) => known === key)) continue;
    addUnknownKey(context, [key], TOP_KEYS);
    const meant = TOP_KEYS.find((known) => known === nearest(key, TOP_KEYS));
    if (meant !== undefined && !Object.hasOwn(value, meant)) paths[meant] = [key];
  }
  return paths;
}

function present<T>(entries: ReadonlyMap<string, T | undefined>): readonly (readonly [string, T])[] {
  return [...entries].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}
