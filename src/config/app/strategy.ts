import { z } from 'zod';
import { addExpected, addFault, duration, expecting, flag, integer, section } from './fields.ts';
import type { BlueGreenConfig, CanaryConfig, CanaryStep, RollingConfig, StrategyConfig } from './model.ts';

const MINUTE = 60_000;
const STRATEGIES = ['rolling', 'blueGreen', 'canary'] as const;
const DEFAULT_STEPS: readonly CanaryStep[] = [10, 25, 50].flatMap((weight) => [
  { kind: 'weight', weight },
  { kind: 'pause', duration: MINUTE },
]);

const keepWarm = duration({ max: '7d' })
  .default(10 * MINUTE)
  .describe('How long the previous version stays ready to take the traffic back.');

const rolling = section({
  bake: duration({ max: '7d' }).default(0).describe('Analysis after the last instance; a failure rolls back.'),
}).transform((body): RollingConfig => ({ kind: 'rolling', ...body }));

const blueGreen = section({
  preview: duration({ max: '7d' }).default(0).describe('Analysis on the preview address before the switch.'),
  bake: duration({ max: '7d' }).default(MINUTE).describe('Analysis after the switch; a failure rolls back.'),
  keepWarm,
  autoPromote: flag.default(true).describe('Switch by itself, or wait for `funade promote`.'),
}).transform((body): BlueGreenConfig => ({ kind: 'blueGreen', ...body }));

const untilPromoted = z.union([z.null(), section({ duration: duration().optional() })]);
const pause = z.union([duration(), untilPromoted], expecting('pause')).transform((value): CanaryStep => {
  const milliseconds = typeof value === 'number' ? value : (value?.duration ?? null);
  return { kind: 'pause', duration: milliseconds };
});

const stepSection = section({
  weight: integer(1, 100).optional(),
  pause: pause.optional(),
  analyse: z.union([z.null(), section({})], expecting('canaryStep')).optional(),
}).transform((body, context): CanaryStep => {
  const keys = Object.keys(body);
  if (keys.length !== 1) {
    addExpected(context, 'canaryStep');
    return z.NEVER;
  }
  if (body.pause !== undefined) return body.pause;
  return body.weight === undefined ? { kind: 'analyse' } : { kind: 'weight', weight: body.weight };
});

const stepWord = z
  .string()
  .meta({ pattern: '^(pause|analyse|\\d{1,3}%)$' })
  .transform((text, context): CanaryStep => {
    const weight = Number(/^(\d{1,3})%$/.exec(text)?.[1]);
    if (text === 'pause') return { kind: 'pause', duration: null };
    if (text === 'analyse') return { kind: 'analyse' };
    if (Number.isNaN(weight)) addExpected(context, 'canaryStep');
    else if (weight < 1 || weight > 100) addFault(context, 'outOfRange', { min: '1%', max: '100%' });
    return { kind: 'weight', weight };
  });

const stepWeight = integer(1, 100).transform((weight): CanaryStep => ({ kind: 'weight', weight }));

const step = z.union([stepWeight, stepWord, stepSection], expecting('canaryStep'));

const cookieOrHeader = z.string(expecting('headerName')).regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, expecting('headerName'));

const sticky = section({ header: cookieOrHeader.optional(), cookie: cookieOrHeader.optional() }).transform(
  (body, context): { readonly header: string } | { readonly cookie: string } => {
    if (body.header !== undefined && body.cookie === undefined) return { header: body.header };
    if (body.cookie !== undefined && body.header === undefined) return { cookie: body.cookie };
    addFault(context, 'stickyCount', { found: Object.keys(body).join(', ') || '{}' });
    return z.NEVER;
  },
);

const canary = section({
  steps: z
    .array(step, expecting('list'))
    .min(1)
    .superRefine(addStepFaults)
    .default([...DEFAULT_STEPS])
    .describe('Weights in percent, strictly rising, and what happens between them.'),
  bake: duration({ max: '7d' }).default(MINUTE).describe('Analysis at 100 %; a failure rolls back.'),
  keepWarm,
  sticky: sticky.nullable().default(null).describe('Callers with the same header or cookie see the same version.'),
}).transform((body): CanaryConfig => ({ kind: 'canary', ...body }));

function addStepFaults(steps: readonly CanaryStep[], context: z.RefinementCtx): void {
  let previous = 0;
  for (const [index, current] of steps.entries()) {
    if (current.kind === 'weight') {
      if (current.weight <= previous) addFault(context, 'weightNotRising', { previous }, [index]);
      previous = Math.max(previous, current.weight);
    } else if (current.kind === 'analyse' && previous === 0) {
      addFault(context, 'analyseWithoutTraffic', {}, [index]);
    }
  }
  if (previous === 0 && steps.length > 0) addFault(context, 'noWeight');
}

const bodies = { rolling, blueGreen, canary } as const;

/** The name alone means its defaults: `strategy: canary`. */
const byName = z.enum(STRATEGIES).transform((kind): StrategyConfig => bodies[kind].parse({}));

const inFull = section({
  rolling: rolling.nullable().optional(),
  blueGreen: blueGreen.nullable().optional(),
  canary: canary.nullable().optional(),
}).transform((body, context): StrategyConfig => {
  const kinds = STRATEGIES.filter((kind) => body[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    addFault(context, 'strategyCount', { known: STRATEGIES.join(', '), found: kinds.join(', ') || '{}' });
    return z.NEVER;
  }
  return body[kind] ?? bodies[kind].parse({});
});

export const strategySchema = z.union([byName, inFull], expecting('strategy'));
export const DEFAULT_STRATEGY: StrategyConfig = { kind: 'rolling', bake: 0 };

/** Milliseconds that a rollout waits by plan, without what analysis and people add. */
export function plannedWait(strategy: StrategyConfig): number {
  switch (strategy.kind) {
    case 'rolling':
      return strategy.bake;
    case 'blueGreen':
      return strategy.preview + strategy.bake;
    case 'canary':
      return strategy.steps.reduce(
        (sum, { kind, ...rest }) => sum + (kind === 'pause' && 'duration' in rest ? (rest.duration ?? 0) : 0),
        strategy.bake,
      );
  }
}

/** Indented to stand inside an environment. */
export const strategyExample = `    # How traffic moves to a new release: rolling, blueGreen or canary. The name alone takes the defaults.
    #   strategy: rolling
    #   strategy: { rolling: { bake: 30s } }
    #   strategy: { blueGreen: { preview: 1m, bake: 5m, keepWarm: 10m, autoPromote: true } }
    strategy:
      canary:
        # Weights in percent, strictly rising. Between them: { pause: 10s }, \`pause\` (until \`funade promote\`)
        # or \`analyse\` (until the analysis has passed once with fresh samples).
        steps: [10, { pause: 1m }, 25, { pause: 1m }, 50, { pause: 1m }]
        # After 100 % the analysis keeps watching; a failure rolls back.
        bake: 1m
        # How long the previous version stays ready to take the traffic back.
        keepWarm: 10m
        # The same caller sees the same version: { cookie: session } or { header: X-User }. Default: per request.
        sticky: null
`;
