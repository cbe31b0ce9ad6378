import { expect, test } from 'vitest';
import { type Case, environment, faultsOf, metric } from './testing.ts';

const environments: readonly Case[] = [
  {
    rule: 'a misspelt strategy names the nearest',
    yaml: environment('strategy: blugreen'),
    faults: [
      '7:15 environments.prod.strategy | Expected one of rolling, blueGreen, canary, found "blugreen". | Did you mean "blueGreen"?',
    ],
  },
  {
    rule: 'an environment has one strategy',
    yaml: environment('strategy: { rolling: {}, canary: {} }'),
    faults: [
      '7:15 environments.prod.strategy | Expected one strategy, found rolling, canary. | Keep one of rolling, blueGreen, canary.',
    ],
  },
  {
    rule: 'weights rise strictly',
    yaml: environment('strategy: { canary: { steps: [10, 25, { pause: 1s }, 25] } }'),
    faults: [
      '7:58 environments.prod.strategy.canary.steps[3] | Weight 25 does not rise above 25. | Let the weights rise from step to step, up to 100.',
    ],
  },
  {
    rule: 'weights lie between 1 and 100',
    yaml: environment('strategy: { canary: { steps: [0, 10, 101, 150%] } }'),
    faults: [
      '7:35 environments.prod.strategy.canary.steps[0] | Expected at least 1, found 0. | Choose a value in that range.',
      '7:42 environments.prod.strategy.canary.steps[2] | Expected at most 100, found 101. | Choose a value in that range.',
      '7:47 environments.prod.strategy.canary.steps[3] | Expected from 1% to 100%, found "150%". | Choose a value in that range.',
    ],
  },
  {
    rule: 'a misspelt step names the nearest',
    yaml: environment('strategy: { canary: { steps: [10, analyze, { puase: 1s }, { pause: 10 }] } }'),
    faults: [
      '7:39 environments.prod.strategy.canary.steps[1] | Expected one of pause, analyse, found "analyze". | Did you mean "analyse"?',
      '7:50 environments.prod.strategy.canary.steps[2].puase | Unknown key "puase" in environments.prod.strategy.canary.steps[2]. | Did you mean "pause"?',
      '7:72 environments.prod.strategy.canary.steps[3].pause | A duration needs a unit, found 10. | Write for example `10s`.',
    ],
  },
  {
    rule: 'analyse needs traffic before it and metrics beside it',
    yaml: environment('strategy: { canary: { steps: [10, analyse] } }'),
    faults: [
      '7:39 environments.prod.strategy.canary.steps[1] | `analyse` needs metrics, and environment "prod" has none. | Add `analysis:` with at least one metric.',
    ],
  },
  {
    rule: 'sticky callers are known by one thing',
    yaml: environment('strategy: { canary: { sticky: { cookie: a, header: b } } }'),
    faults: [
      '7:35 environments.prod.strategy.canary.sticky | Sticky callers are known by a header or a cookie, found header, cookie. | Write `sticky: { cookie: name }` or `sticky: { header: Name }`.',
    ],
  },
];

const analysis: readonly Case[] = [
  {
    rule: 'a metric without a condition could never fail',
    yaml: metric('{ metric: error-rate }'),
    faults: [
      '8:9 environments.prod.analysis[0] | Metric "error-rate" has no condition, so it could never fail. | Add `max`, `min` or `compare: stable`.',
    ],
  },
  {
    rule: 'an unknown metric names the nearest',
    yaml: metric('{ metric: latency-p96, max: 1s }'),
    faults: [
      '8:19 environments.prod.analysis[0].metric | Provider "embedded" has no metric "latency-p96". | Did you mean "latency-p95"?',
    ],
  },
  {
    rule: 'an unknown provider is never replaced by another',
    yaml: metric('{ metric: error-rate, max: 5%, provider: prometheus }'),
    faults: [
      '8:50 environments.prod.analysis[0].provider | Unknown metric provider "prometheus". | Known providers: embedded.',
    ],
  },
  {
    rule: 'only error rates can be compared with the stable version',
    yaml: metric('{ metric: latency-p95, compare: stable }'),
    faults: [
      '8:41 environments.prod.analysis[0].compare | `compare: stable` works on error-rate only, not on latency-p95. | Use `max` or `min` for latency-p95.',
    ],
  },
  {
    rule: 'a threshold has the unit of its metric',
    yaml: metric('{ metric: latency-p95, max: 500 }'),
    faults: ['8:37 environments.prod.analysis[0].max | latency-p95 is a duration, found 500. | Write `500ms`.'],
  },
  {
    rule: 'a share of more than all was meant as a percentage',
    yaml: metric('{ metric: error-rate, max: 5 }'),
    faults: [
      '8:36 environments.prod.analysis[0].max | error-rate is a share, and 5 is more than all. | Write a percentage, for example `5%`.',
    ],
  },
  {
    rule: 'min is not above max',
    yaml: metric('{ metric: latency-p95, min: 500ms, max: 100ms }'),
    faults: [
      '8:37 environments.prod.analysis[0].min | `min` 500ms is above `max` 100ms. | Swap the two, or correct one.',
    ],
  },
  {
    rule: 'warn comes before the threshold',
    yaml: metric('{ metric: error-rate, max: 5%, warn: 5% }'),
    faults: [
      '8:46 environments.prod.analysis[0].warn | `warn` 5% never matters: it has to lie below `max` 5%. | Choose a value below `max` 5%, or remove `warn`.',
    ],
  },
  {
    rule: 'warn and alpha need what they belong to',
    yaml: metric(
      '{ metric: error-rate, compare: stable, warn: 1% }\n      - { metric: error-rate, max: 1%, alpha: 0.01 }',
    ),
    faults: [
      '8:54 environments.prod.analysis[0].warn | `warn` needs `max` or `min`. | Add the threshold that it warns before.',
      '9:47 environments.prod.analysis[1].alpha | `alpha` belongs to `compare: stable`. | Add `compare: stable`, or remove `alpha`.',
    ],
  },
  {
    rule: 'two metrics of one name are refused',
    yaml: metric('{ metric: error-rate, max: 1%, name: e }\n      - { metric: error-rate, max: 1%, name: e }'),
    faults: ['9:46 environments.prod.analysis[1].name | Two metrics are called "e". | Give each a `name` of its own.'],
  },
];

test.each([...environments, ...analysis])('$rule', ({ yaml, faults }) => {
  expect(faultsOf(yaml)).toEqual(faults);
});
