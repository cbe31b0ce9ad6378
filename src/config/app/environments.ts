import { z } from 'zod';
import { addWithNearest, type Path } from '../faults.ts';
import { analysisExample, analysisSchema, readAnalysis } from './analysis.ts';
import { type ReadContext, isSection } from './context.ts';
import { NAME, duration, expecting, section, variables } from './fields.ts';
import { addBadName } from './functions.ts';
import { addAt, hasMisspeltKey, valueAt } from './issues.ts';
import type { AnalysisConfig, EnvironmentConfig, StrategyConfig } from './model.ts';
import { readSection } from './section.ts';
import { DEFAULT_STRATEGY, strategyExample, strategySchema } from './strategy.ts';

/** Deploy targets that come with Funade. */
export const TARGETS = ['functions', 'noop'] as const;

const plain = {
  target: z.string().min(1).default('functions').describe('What runs the releases: functions or noop.'),
  concurrency: z
    .enum(['supersede', 'queue'])
    .default('supersede')
    .describe('What a second rollout does while one is running: replace older waiting ones, or wait in line.'),
  progressDeadline: duration({ min: '1s' }).default(600_000).describe('Without progress for this long, it aborts.'),
  environment: variables.default({}).describe('Variables for everything that runs there.'),
  onFailure: z
    .enum(['issue'])
    .optional()
    .describe('`issue`: a rollout that aborts or rolls back opens an issue with its evidence for the coding agent.'),
};

/** Strategy and analysis are read by themselves, so that a fault in one does not hide those of the other. */
const plainSchema = section({ ...plain, strategy: z.unknown().optional(), analysis: z.unknown().optional() });

const environmentSchema = section({
  ...plain,
  strategy: strategySchema.optional().describe('How traffic moves to a new release. Default: rolling.'),
  analysis: analysisSchema.optional().describe('What decides whether it stays.'),
});

export const environmentsSchema = z.record(
  z.string().regex(NAME),
  z.union([environmentSchema, z.null()]),
  expecting('section'),
);

/** Environments by name; the value is `undefined` where the declaration is faulty. */
export type ReadEnvironments = ReadonlyMap<string, EnvironmentConfig | undefined>;

export function readEnvironments(context: ReadContext, path: Path): ReadEnvironments {
  const environments = new Map<string, EnvironmentConfig | undefined>();
  const value = valueAt(context.document.value, path);
  if (value === undefined || value === null) return environments;
  if (!isSection(value)) {
    readSection(context, environmentsSchema, path);
    return environments;
  }
  for (const name of Object.keys(value)) {
    addBadName(context, [...path, name]);
    environments.set(name, readEnvironment(context, [...path, name], value[name] ?? {}));
  }
  return environments;
}

function readEnvironment(context: ReadContext, path: Path, value: unknown): EnvironmentConfig | undefined {
  const read = readSection(context, plainSchema, path, value);
  const target = valueAt(value, ['target']);
  if (typeof target === 'string') checkTargetIsKnown(context, [...path, 'target'], target);
  const strategyPath = [...path, 'strategy'];
  const strategy = context.document.has(strategyPath)
    ? readSection(context, strategySchema, strategyPath)
    : DEFAULT_STRATEGY;
  const analysis = readAnalysis(context, [...path, 'analysis']);
  if (strategy === undefined || analysis === undefined) return undefined;
  analyseStepsHaveMetrics(context, path, strategy, analysis);
  return read && { ...read, strategy, analysis, onFailure: read.onFailure ?? null };
}

function analyseStepsHaveMetrics(
  context: ReadContext,
  path: Path,
  strategy: StrategyConfig,
  analysis: AnalysisConfig,
): void {
  if (strategy.kind !== 'canary' || analysis.metrics.length > 0 || hasMisspeltKey(context, path)) return;
  const index = strategy.steps.findIndex((step) => step.kind === 'analyse');
  if (index < 0) return;
  const at = [...path, 'strategy', 'canary', 'steps', index];
  addAt(context, 'analyseWithoutMetrics', at, { environment: String(path.at(-1)) });
}

function checkTargetIsKnown(context: ReadContext, path: Path, target: string): void {
  if (context.known.targets.includes(target)) return;
  addWithNearest(context.faults, 'unknownValue', {
    word: target,
    known: context.known.targets,
    values: { found: JSON.stringify(target) },
    path,
    place: context.document.place(path),
  });
}

export const environmentsExample = `# Where releases run, by name. Every key has a default; \`staging: {}\` is a rolling environment of functions.
environments:
  staging:
    # functions, or noop (goes through the motions without running anything).
    target: functions
    strategy: rolling
  production:
    target: functions
${strategyExample}${analysisExample}    # What a second rollout does while one is running: supersede (older waiting ones end) or queue.
    concurrency: supersede
    # A rollout that makes no progress for this long aborts.
    progressDeadline: 10m
    # Variables for everything that runs there.
    environment: {}
    # A rollout that aborts or rolls back opens an issue with its evidence, for the coding agent; its pull request is the next
    # release. Default: it does not.
    # onFailure: issue
`;
