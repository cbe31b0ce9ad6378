import { expect, test } from 'vitest';
import { type Case, FUNCTIONS, HEAD, TEST, environment, faultsOf, fn, stage } from './testing.ts';

const syntax: readonly Case[] = [
  {
    rule: 'an empty file says how to get a filled one',
    yaml: '# nothing yet\n',
    faults: ['1:1 - | The file has no settings. | Write a commented one with `funade config init`.'],
  },
  {
    rule: 'broken YAML is told where it breaks',
    yaml: `${HEAD}pipeline: [{ test: "npm test }]\n`,
    faults: ['4:1 - | YAML stops making sense here: Missing closing "quote. | Check indentation, quotes and brackets.'],
  },
  {
    rule: 'a list instead of a section is told',
    yaml: '- version: 1\n',
    faults: ['1:1 - | Expected a section, found a list. | Write `name: value`, indented.'],
  },
  {
    rule: 'a key that is given twice is told at its second place',
    yaml: `${HEAD}app: other\n${TEST}`,
    faults: ['3:1 app | Key "app" appears twice in the same section. | Keep one of the two.'],
  },
  {
    rule: 'an alias without an anchor is told',
    yaml: `version: 1\napp: *name\n${TEST}`,
    faults: ['2:6 app | Alias *name has no anchor before it. | Define it above with `&name`.'],
  },
  {
    rule: 'an alias that contains itself is told and does not hang',
    yaml: `${HEAD}${TEST}x-loop: &loop [*loop]\n`,
    faults: ['4:16 x-loop[0] | Alias *loop contains itself. | Write the value out.'],
  },
  {
    rule: 'a tag that is not of JSON is told',
    yaml: `version: 1\napp: !!binary c2hvcA==\n${TEST}`,
    faults: [
      '2:15 app | Unknown YAML tag tag:yaml.org,2002:binary. | Leave the tag out; put text that starts with `!` in quotes.',
      '2:15 app | Expected a name of a–z, 0–9 and -, starting with a letter, at most 39 long, found a section. | Write `my-app`.',
    ],
  },
];

const keys: readonly Case[] = [
  {
    rule: 'what is missing is told at the section that lacks it',
    yaml: 'app: shop\n',
    faults: [
      '1:1 version | "version" is missing in the file. | Add `version:` (version 1).',
      '1:1 pipeline | "pipeline" is missing in the file. | Add `pipeline:` (a list).',
    ],
  },
  {
    rule: 'a misspelt section is told once, and its own faults too',
    yaml: `${HEAD}${TEST}enviroments:\n  prod: { target: nop }\n`,
    faults: [
      '4:1 enviroments | Unknown key "enviroments" in the file. | Did you mean "environments"?',
      '5:19 enviroments.prod.target | Expected one of functions, noop, found "nop". | Did you mean "noop"?',
    ],
  },
  {
    rule: 'a key that resembles none lists the known ones',
    yaml: `${HEAD}${TEST}color: blue\n`,
    faults: [
      '4:1 color | Unknown key "color" in the file. | Known keys: version, app, on, functions, pipeline, environments, agent. Notes of your own go under a key that starts with `x-`.',
    ],
  },
  {
    rule: 'a misspelt key does not also count as missing',
    yaml: fn('{ runtime: nodejs, handlr: index.handler }'),
    faults: ['5:27 functions.api.handlr | Unknown key "handlr" in functions.api. | Did you mean "handler"?'],
  },
  {
    rule: 'a future version is refused',
    yaml: `version: 2\napp: shop\n${TEST}`,
    faults: ['1:10 version | Expected version 1, found 2. | Write `version: 1`.'],
  },
  {
    rule: 'a name that would not fit an address is refused',
    yaml: `version: 1\napp: My_Shop\n${TEST}`,
    faults: [
      '2:6 app | Expected a name of a–z, 0–9 and -, starting with a letter, at most 39 long, found "My_Shop". | Write `my-app`.',
    ],
  },
];

const functions: readonly Case[] = [
  {
    rule: 'a language that does not run is told with those that do',
    yaml: fn('{ runtime: ruby, handler: index.handler }'),
    faults: [
      '5:19 functions.api.runtime | Expected one of nodejs, python, rust, provided, found "ruby". | Choose one of them.',
    ],
  },
  {
    rule: 'a missing handler is told beside other faults, but where there is a default',
    yaml: fn('{ runtime: rust, memory: 1 }\n  boot: { runtime: provided }'),
    faults: [
      '5:8 functions.api | "handler" is missing, and runtime rust has no default. | Add `handler:`: file.export for nodejs and python, a source file or program for rust.',
      '5:33 functions.api.memory | Expected at least 32, found 1. | Choose a value in that range.',
    ],
  },
  {
    rule: 'a handler is file.export',
    yaml: fn('{ runtime: nodejs, handler: index }'),
    faults: [
      '5:36 functions.api.handler | Handler "index" is not of the form file.export, which runtime nodejs needs. | Write `index.handler` or `dist/api.handler`.',
    ],
  },
  {
    rule: 'a handler stays inside the artifact',
    yaml: fn('{ runtime: nodejs, handler: ../../etc/app.handler }'),
    faults: [
      '5:36 functions.api.handler | Path "../../etc/app.handler" leaves the checkout. | Write a path relative to the repository, without `..`.',
    ],
  },
  {
    rule: 'a route starts with a slash',
    yaml: fn('{ runtime: nodejs, handler: index.handler, route: api }'),
    faults: [
      '5:58 functions.api.route | Expected a path that starts with `/`; `/*` may end it, found "api". | Write `/hello` or `/files/*`.',
    ],
  },
  {
    rule: 'two functions on one route are told at the second',
    yaml: `${HEAD}${TEST}functions:\n  a: { runtime: nodejs, handler: a.handler, route: /b }\n  b: { runtime: nodejs, handler: b.handler }\n`,
    faults: [
      '6:6 functions.b | Route "/b" already belongs to function "a" (line 5). | Give each function its own route.',
    ],
  },
  {
    rule: 'a duration needs a unit',
    yaml: fn('{ runtime: nodejs, handler: index.handler, timeout: 30 }'),
    faults: ['5:60 functions.api.timeout | A duration needs a unit, found 30. | Write for example `30s`.'],
  },
  {
    rule: 'a duration outside its bounds names them',
    yaml: fn('{ runtime: nodejs, handler: index.handler, timeout: 1h }'),
    faults: ['5:60 functions.api.timeout | Expected from 100ms to 15m, found "1h". | Choose a value in that range.'],
  },
  {
    rule: 'a number as variable would lose its form and is asked for in quotes',
    yaml: fn('{ runtime: nodejs, handler: index.handler, environment: { ZIP: 01.10 } }'),
    faults: ['5:71 functions.api.environment.ZIP | Expected text, found 01.10. | Put it in quotes: "01.10".'],
  },
  {
    rule: 'variables have names that a shell accepts and do not start with FUNADE_',
    yaml: fn('{ runtime: nodejs, handler: index.handler, environment: { FUNADE_X: a, a-b: c } }'),
    faults: [
      '5:66 functions.api.environment.FUNADE_X | Variable FUNADE_X is reserved: names that start with FUNADE_ are set by Funade. | Choose another name.',
      '5:79 functions.api.environment.a-b | Variable a-b has a name that no shell accepts. | Use letters, digits and _, for example `LOG_LEVEL`.',
    ],
  },
  {
    rule: 'an environment that runs functions needs one',
    yaml: `${HEAD}${TEST}environments: { prod: {} }\n`,
    faults: [
      '4:17 environments.prod | Environment "prod" runs functions, but none is declared. | Add one under `functions:`.',
    ],
  },
];

const pipeline: readonly Case[] = [
  {
    rule: 'an empty pipeline is refused',
    yaml: `${HEAD}pipeline: []\n`,
    faults: ['3:11 pipeline | The list is empty. | Write at least one entry.'],
  },
  {
    rule: 'a stage of an unknown kind names the nearest',
    yaml: stage('{ tset: npm test }'),
    faults: ['3:34 pipeline[1].tset | Unknown key "tset" in pipeline[1]. | Did you mean "test"?'],
  },
  {
    rule: 'a stage has one kind',
    yaml: stage('{ build: npm run build, test: npm test }'),
    faults: [
      '3:32 pipeline[1] | One stage can do one thing, this one has build, test. | Start each with its own `- `.',
    ],
  },
  {
    rule: 'a key of a stage that slipped out of it is told where it belongs',
    yaml: stage('{ test: npm test, timeout: 5m }'),
    faults: [
      '3:50 pipeline[1].timeout | "timeout" stands beside "test", where it has no effect. | Write it inside: `- test: { …, timeout: … }`.',
    ],
  },
  {
    rule: 'a deploy to an environment that is not declared names the nearest',
    yaml: stage('{ deploy: { to: prd } }'),
    faults: ['3:48 pipeline[1].deploy.to | Environment "prd" is not declared. | Did you mean "prod"?'],
  },
  {
    rule: 'a deploy without any environment says that none is declared',
    yaml: `${HEAD}pipeline: [{ deploy: production }]\n`,
    faults: [
      '3:22 pipeline[0].deploy | Environment "production" is not declared. | Declare it under `environments:`; declared: none.',
    ],
  },
  {
    rule: 'an unknown environment is told even where the stage has other faults',
    yaml: stage('{ deploy: { to: staging, timeout: 5 } }'),
    faults: [
      '3:48 pipeline[1].deploy.to | Environment "staging" is not declared. | Declare it under `environments:`; declared: prod.',
      '3:66 pipeline[1].deploy.timeout | A duration needs a unit, found 5. | Write for example `5s`.',
    ],
  },
  {
    rule: 'an artifact stays inside the checkout',
    yaml: stage('{ build: { run: make, artifact: ../out } }'),
    faults: [
      '3:64 pipeline[1].build.artifact | Path "../out" leaves the checkout. | Write a path relative to the repository, without `..`.',
    ],
  },
  {
    rule: 'only a build has an artifact, and a release has one',
    yaml: stage(
      '{ test: { run: a, artifact: . } }, { build: { run: a, artifact: a } }, { build: { run: a, artifact: b } }',
    ),
    faults: [
      '3:60 pipeline[1].test.artifact | `artifact` has no effect on "test". | Move it to the `build` stage.',
      '3:132 pipeline[3].build.artifact | Two stages name an artifact; a release has one. | Keep `artifact` on one build stage.',
    ],
  },
  {
    rule: 'two stages of one name are refused',
    yaml: stage('{ run: { run: a, name: x } }, { run: { run: b, name: x } }'),
    faults: ['3:85 pipeline[2].run.name | Two stages are called "x". | Give each stage its own name.'],
  },
  {
    rule: 'a verify stage that verifies nothing, or nowhere, is refused',
    yaml: stage('{ verify: { expect: { status: 200 } } }'),
    faults: [
      '3:42 pipeline[1].verify | The stage verifies nothing. | Add `http: /path` or `run: <command>`.',
      '3:42 pipeline[1].verify | The stage does not say which environment it verifies. | Add `in: <environment>`, or put it after a deploy stage.',
      '3:52 pipeline[1].verify.expect | `expect` needs `http`. | Add `http: /path`, or remove `expect`.',
    ],
  },
  {
    rule: 'a probe stays on the application: no other host',
    yaml: stage('{ verify: { in: prod, http: //evil.example/x } }'),
    faults: [
      '3:60 pipeline[1].verify.http | Expected a path that starts with `/`, found "//evil.example/x". | Write `/hello?name=Ann`.',
    ],
  },
  {
    rule: 'a quorum is at least one and can be met by those who are named',
    yaml: stage('{ approve: { quorum: 0 } }, { approve: { by: [ann, bob, ann], quorum: 3 } }'),
    faults: [
      '3:53 pipeline[1].approve.quorum | Expected at least 1, found 0. | Choose a value in that range.',
      '3:102 pipeline[2].approve.quorum | Quorum 3 can never be met: only 2 person(s) may approve. | Lower `quorum`, or add people or a role to `by`.',
    ],
  },
  {
    rule: 'a deploy stage outlives the pauses of its rollout',
    yaml: `${HEAD}pipeline:\n  - deploy: { to: prod, timeout: 5m }\nenvironments:\n  prod: { target: noop, strategy: { canary: { steps: [10, { pause: 5m }], bake: 1m } } }\n`,
    faults: [
      '4:34 pipeline[0].deploy.timeout | The stage ends after 5m, but the rollout to "prod" waits for 6m by plan. | Raise `timeout` of this stage above 6m.',
    ],
  },
];

test.each([...syntax, ...keys, ...functions, ...pipeline])('$rule', ({ yaml, faults }) => {
  expect(faultsOf(yaml)).toEqual(faults);
});

test('the faults of all sections are told at once, in the order of the lines', () => {
  const yaml = [
    'version: 1',
    'app: Shop',
    'functions:',
    '  api: { runtime: nodejs, handler: index }',
    'pipeline:',
    '  - deploy: prodution',
    'environments:',
    '  production:',
    '    strategy: cannary',
    '    analysis: [{ metric: error-rate }]',
  ].join('\n');
  const places = faultsOf(yaml).map((fault) => fault.split(' |')[0]);
  expect(places).toEqual([
    '2:6 app',
    '4:36 functions.api.handler',
    '6:13 pipeline[0].deploy',
    '9:15 environments.production.strategy',
    '10:16 environments.production.analysis[0]',
  ]);
});

test('faults are told in Japanese to those who read it', () => {
  expect(faultsOf(`${HEAD}${TEST}enviroments: {}\n`, { language: 'ja' })).toEqual([
    '4:1 enviroments | ファイル に未知のキー "enviroments" があります。 | "environments" ではありませんか。',
  ]);
});

test('aliases that stand for billions of values are refused within a second', () => {
  const levels = Array.from({ length: 12 }, (_, n) => {
    const items = n === 0 ? 'lol' : `*a${n - 1}`;
    return `x-${n}: &a${n} [${Array.from({ length: 9 }, () => items).join(', ')}]`;
  });
  const began = performance.now();
  const faults = faultsOf(`${HEAD}${TEST}${levels.join('\n')}\n`);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain('expands aliases to more than 10000 values');
  expect(performance.now() - began).toBeLessThan(1000);
});

test.each([
  ['brackets without end', '['.repeat(20_000)],
  ['a file of 300 KB', `x-a: ${'a'.repeat(300_000)}`],
  [
    'a chain of anchors',
    Array.from({ length: 500 }, (_, n) => `x-${n}: &a${n} [${n === 0 ? '' : `*a${n - 1}`}]`).join('\n'),
  ],
])('%s ends in one fault, not in a crash', (_, yaml) => {
  expect(faultsOf(yaml)).toHaveLength(1);
});

test('a name known to the caller only is accepted when it is passed in', () => {
  const yaml = environment('analysis: [{ metric: cpu, provider: prometheus, max: 80 }]').replace('noop', 'kubernetes');
  expect(faultsOf(yaml)).toHaveLength(2);
  expect(faultsOf(yaml, { targets: ['kubernetes'], providers: { prometheus: ['cpu'] } })).toEqual([]);
});

test('functions are not needed where nothing runs them', () => {
  expect(faultsOf(`${HEAD}${FUNCTIONS}${TEST}`)).toEqual([]);
  expect(faultsOf(environment('concurrency: queue'))).toEqual([]);
});
