export interface FaultText {
  readonly message: string;
  readonly fix: string;
}

/** Every fault of a configuration file or setting. `{name}` are received values; `{found}` is shown as it was written. */
export const faultTexts = {
  more: { message: '{count} more faults are not listed.', fix: 'Correct these first.' },
  // the file as YAML
  empty: { message: 'The file has no settings.', fix: 'Write a commented one with `funade config init`.' },
  tooLarge: { message: 'The file is {size} KB, the limit is {limit} KB.', fix: 'Keep data out of the configuration.' },
  syntax: { message: 'YAML stops making sense here: {reason}.', fix: 'Check indentation, quotes and brackets.' },
  tooDeep: {
    message: 'The file is nested too deeply.',
    fix: 'Use fewer levels; a bracket that is never closed is the usual cause.',
  },
  unreadable: { message: "Can't read {file}: {reason}.", fix: 'Check that it exists and that Funade may read it.' },
  duplicateKey: { message: 'Key "{key}" appears twice in the same section.', fix: 'Keep one of the two.' },
  keyNotText: { message: 'A key has to be plain text.', fix: 'Write `name: value`.' },
  unknownTag: {
    message: 'Unknown YAML tag {found}.',
    fix: 'Leave the tag out; put text that starts with `!` in quotes.',
  },
  unknownAlias: { message: 'Alias {found} has no anchor before it.', fix: 'Define it above with `&name`.' },
  circularAlias: { message: 'Alias {found} contains itself.', fix: 'Write the value out.' },
  tooManyAliases: { message: 'The file expands aliases to more than {limit} values.', fix: 'Write the values out.' },
  badMerge: { message: '`<<` can only merge sections.', fix: 'Point it at a section: `<<: *name`.' },
  // keys and values
  unknownKey: {
    message: 'Unknown key "{key}" in {section}.',
    fix: 'Known keys: {known}. Notes of your own go under a key that starts with `x-`.',
  },
  unknownKeyNear: { message: 'Unknown key "{key}" in {section}.', fix: 'Did you mean "{nearest}"?' },
  missingKey: { message: '"{key}" is missing in {section}.', fix: 'Add `{key}:` ({expected}).' },
  wrongValue: { message: 'Expected {expected}, found {found}.', fix: 'Write {example}.' },
  numberAsText: { message: 'Expected text, found {found}.', fix: 'Put it in quotes: "{source}".' },
  durationWithoutUnit: { message: 'A duration needs a unit, found {found}.', fix: 'Write for example `{source}s`.' },
  outOfRange: { message: 'Expected {range}, found {found}.', fix: 'Choose a value in that range.' },
  tooFew: { message: 'The list is empty.', fix: 'Write at least one entry.' },
  unknownValue: { message: 'Expected one of {known}, found {found}.', fix: 'Choose one of them.' },
  unknownValueNear: { message: 'Expected one of {known}, found {found}.', fix: 'Did you mean "{nearest}"?' },
  pathEscapes: {
    message: 'Path {found} leaves the checkout.',
    fix: 'Write a path relative to the repository, without `..`.',
  },
  reservedVariable: {
    message: 'Variable {key} is reserved: names that start with FUNADE_ are set by Funade.',
    fix: 'Choose another name.',
  },
  badVariable: {
    message: 'Variable {key} has a name that no shell accepts.',
    fix: 'Use letters, digits and _, for example `LOG_LEVEL`.',
  },
  // functions
  routeTaken: {
    message: 'Route {found} already belongs to function "{other}" (line {line}).',
    fix: 'Give each function its own route.',
  },
  handlerMissing: {
    message: '"handler" is missing, and runtime {runtime} has no default.',
    fix: 'Add `handler:`: file.export for nodejs and python, a source file or program for rust.',
  },
  handlerForm: {
    message: 'Handler {found} is not of the form file.export, which runtime {runtime} needs.',
    fix: 'Write `index.handler` or `dist/api.handler`.',
  },
  handlerNotAscii: {
    message: 'Handler {found} has characters that are not ASCII.',
    fix: 'Give file and export a name of ASCII letters, digits, `_` and `-`, for example `index.handler`.',
  },
  concurrencyRuntime: {
    message: 'An instance of runtime {runtime} works on one request at a time, not on {found}.',
    fix: 'Leave `concurrency` out; `instances: { max: … }` allows more processes.',
  },
  instancesOrder: {
    message: 'instances.min ({min}) is greater than instances.max ({max}).',
    fix: 'Choose a min of at most {max}.',
  },
  openUntrusted: {
    message: '`network: open` is for trusted code only, and this function says `trusted: false`.',
    fix: 'List what it has to reach under `egress`.',
  },
  smokeForm: {
    message: 'A smoke test is either a request (`http`) or an event (`event`).',
    fix: 'Write `{ http: /path }` or `{ event: { … } }`.',
  },
  noFunctions: {
    message: 'Environment "{environment}" runs functions, but none is declared.',
    fix: 'Add one under `functions:`.',
  },
  // pipeline
  stageWithoutKind: {
    message: 'The stage does not say what it does.',
    fix: 'Start it with one of {known}, for example `- test: npm test`.',
  },
  stageWithTwoKinds: {
    message: 'One stage can do one thing, this one has {found}.',
    fix: 'Start each with its own `- `.',
  },
  stageKeyOutside: {
    message: '"{key}" stands beside "{kind}", where it has no effect.',
    fix: 'Write it inside: `- {kind}: { …, {key}: … }`.',
  },
  stageNameTaken: { message: 'Two stages are called {found}.', fix: 'Give each stage its own name.' },
  unknownEnvironment: {
    message: 'Environment {found} is not declared.',
    fix: 'Declare it under `environments:`; declared: {known}.',
  },
  unknownEnvironmentNear: { message: 'Environment {found} is not declared.', fix: 'Did you mean "{nearest}"?' },
  artifactTwice: {
    message: 'Two stages name an artifact; a release has one.',
    fix: 'Keep `artifact` on one build stage.',
  },
  artifactOutsideBuild: { message: '`artifact` has no effect on "{kind}".', fix: 'Move it to the `build` stage.' },
  verifyNothing: { message: 'The stage verifies nothing.', fix: 'Add `http: /path` or `run: <command>`.' },
  verifyBoth: { message: 'A verify stage probes or runs commands, not both.', fix: 'Split it into two stages.' },
  expectWithoutHttp: { message: '`expect` needs `http`.', fix: 'Add `http: /path`, or remove `expect`.' },
  verifyWhere: {
    message: 'The stage does not say which environment it verifies.',
    fix: 'Add `in: <environment>`, or put it after a deploy stage.',
  },
  quorumUnreachable: {
    message: 'Quorum {found} can never be met: only {count} person(s) may approve.',
    fix: 'Lower `quorum`, or add people or a role to `by`.',
  },
  deployTooShort: {
    message: 'The stage ends after {timeout}, but the rollout to "{environment}" waits for {waits} by plan.',
    fix: 'Raise `timeout` of this stage above {waits}.',
  },
  // environments
  strategyCount: { message: 'Expected one strategy, found {found}.', fix: 'Keep one of {known}.' },
  weightNotRising: {
    message: 'Weight {found} does not rise above {previous}.',
    fix: 'Let the weights rise from step to step, up to 100.',
  },
  noWeight: {
    message: 'A canary needs at least one weight.',
    fix: 'Write for example `steps: [10, { pause: 1m }, 50]`.',
  },
  analyseWithoutTraffic: {
    message: '`analyse` comes before the first weight, where there is no traffic to look at.',
    fix: 'Move it behind a weight.',
  },
  analyseWithoutMetrics: {
    message: '`analyse` needs metrics, and environment "{environment}" has none.',
    fix: 'Add `analysis:` with at least one metric.',
  },
  stickyCount: {
    message: 'Sticky callers are known by a header or a cookie, found {found}.',
    fix: 'Write `sticky: { cookie: name }` or `sticky: { header: Name }`.',
  },
  // analysis
  unknownProvider: { message: 'Unknown metric provider {found}.', fix: 'Known providers: {known}.' },
  unknownMetric: { message: 'Provider "{provider}" has no metric {found}.', fix: 'Known metrics: {known}.' },
  unknownMetricNear: { message: 'Provider "{provider}" has no metric {found}.', fix: 'Did you mean "{nearest}"?' },
  metricWithoutCondition: {
    message: 'Metric "{metric}" has no condition, so it could never fail.',
    fix: 'Add `max`, `min` or `compare: stable`.',
  },
  metricNameTaken: { message: 'Two metrics are called {found}.', fix: 'Give each a `name` of its own.' },
  shareOverOne: {
    message: '{metric} is a share, and {found} is more than all.',
    fix: 'Write a percentage, for example `{source}%`.',
  },
  unitMismatch: { message: '{metric} is {expected}, found {found}.', fix: 'Write {example}.' },
  minAboveMax: { message: '`min` {found} is above `max` {max}.', fix: 'Swap the two, or correct one.' },
  warnOutside: {
    message: '`warn` {found} never matters: it has to lie {range}.',
    fix: 'Choose a value {range}, or remove `warn`.',
  },
  warnAlone: { message: '`warn` needs `max` or `min`.', fix: 'Add the threshold that it warns before.' },
  compareOnlyErrors: {
    message: '`compare: stable` works on error-rate only, not on {metric}.',
    fix: 'Use `max` or `min` for {metric}.',
  },
  alphaWithoutCompare: {
    message: '`alpha` belongs to `compare: stable`.',
    fix: 'Add `compare: stable`, or remove `alpha`.',
  },
  // settings of the server
  settingEmpty: { message: '{setting} is set but empty.', fix: 'Give it a value, or unset it.' },
  entryEmpty: {
    message: 'One entry of the list {setting} is empty.',
    fix: 'Remove the comma or dash that is too many, or write what is missing.',
  },
  settingWrong: { message: '{setting} is {found}, expected {expected}.', fix: 'Write for example {example}.' },
  settingChoice: { message: '{setting} is {found}, expected one of {known}.', fix: 'Choose one of them.' },
  settingChoiceNear: { message: '{setting} is {found}, expected one of {known}.', fix: 'Did you mean "{nearest}"?' },
  secretShort: {
    message: '{setting} has {length} characters, a secret needs at least {minimum}.',
    fix: 'Make one with `openssl rand -hex 32`.',
  },
  tokenShort: {
    message: '{setting} has {length} characters, so it is no token: one starts with `fun_` and has 47.',
    fix: "On the server's machine: `export FUNADE_TOKEN=$(cat <data directory>/secrets/owner-token)`. Elsewhere ask an owner, who makes one with `funade token create`.",
  },
  guardTokenShort: {
    message: '{setting} has {length} characters, so it is no token: one starts with `fun_` and has 47.',
    fix: 'An owner of the Funade server makes one with `funade token create --name guard --role viewer`.',
  },
  secretSpace: {
    message: '{setting} starts or ends with white space.',
    fix: 'Remove it; a newline at the end of a file is the usual cause.',
  },
  secretUnexpanded: { message: '{setting} still contains `{found}`.', fix: 'Expand it before Funade starts.' },
  secretLabelTaken: { message: '{setting} has two secrets labelled {found}.', fix: 'Give each its own label.' },
  variableUnset: {
    message: '{setting} needs the environment variable {variable}, which is not set.',
    fix: 'Set {variable}, or write `$${{variable}}` for the text itself.',
  },
  variableEmpty: {
    message: '{setting} needs the environment variable {variable}, which is empty.',
    fix: 'Give {variable} a value.',
  },
  variableForm: {
    message: '{setting} contains a reference that is not one: {found}.',
    fix: 'Write `${NAME}`, or `$${` for the text itself.',
  },
  labelTaken: {
    message: '{setting} and {other} are both {found}.',
    fix: 'Give each state a label of its own.',
  },
  settingNeeds: {
    message: '{setting} needs {needed}, which is not set.',
    fix: 'Set {needed}, for example to {example}.',
  },
  mcpForm: {
    message: '{setting} has {found}: an MCP server is started by `command` or reached at `url`.',
    fix: 'Write either `command: [npx, -y, some-mcp-server]` or `url: https://mcp.example.com/mcp`.',
  },
  mcpKeyOutside: {
    message: '{setting} has no effect without `{key}`.',
    fix: 'Remove it, or give the server `{key}`.',
  },
  aliasesDiffer: { message: '{setting} and {other} mean the same and differ.', fix: 'Give one of them.' },
  // settings of the guard
  unknownVariable: {
    message: 'Unknown variable {found}.',
    fix: 'Unset it; `funade guard config` lists every setting, and GUARD_MODE is the variable of `mode`.',
  },
  unknownVariableNear: { message: 'Unknown variable {found}.', fix: 'Did you mean {nearest}?' },
  unknownFile: {
    message: 'No setting has the name of the file {found}.',
    fix: 'Name it as the setting (`mode`) or its variable (`GUARD_MODE`); notes start with `x-`.',
  },
  unknownFileNear: { message: 'No setting has the name of the file {found}.', fix: 'Did you mean "{nearest}"?' },
  notBelow: {
    message: '{setting} is {found}, which is not less than {other} ({limit}).',
    fix: 'Lower {setting}, or raise {other}.',
  },
  above: {
    message: '{setting} is {found}, more than {other} ({limit}).',
    fix: 'Lower {setting}, or raise {other}.',
  },
  portTaken: {
    message: '{setting} and {other} are both {found}.',
    fix: 'Give each a port of its own.',
  },
} as const satisfies Readonly<Record<string, FaultText>>;

export type FaultKey = keyof typeof faultTexts;

/** What is expected, with an example for the fix. */
export const expectedTexts = {
  text: { words: 'text', example: '`"text"`' },
  number: { words: 'a number', example: '`10`' },
  integer: { words: 'a whole number', example: '`10`' },
  flag: { words: '`true` or `false`', example: '`true`' },
  list: { words: 'a list', example: '`[first, second]`' },
  section: { words: 'a section', example: '`name: value`, indented' },
  duration: { words: 'a duration', example: '`30s`, `10m` or `1h30m`' },
  threshold: { words: 'a number, a percentage or a duration', example: '`5%`, `500ms` or `20`' },
  share: { words: 'a share', example: '`5%`' },
  time: { words: 'a duration', example: '`500ms`' },
  rate: { words: 'a plain number', example: '`20`' },
  version: { words: 'version 1', example: '`version: 1`' },
  name: { words: 'a name of a–z, 0–9 and -, starting with a letter, at most 39 long', example: '`my-app`' },
  stageName: { words: 'a name of letters, digits, space and . _ -, at most 59 long', example: '`unit tests`' },
  command: { words: 'a command', example: '`npm test`' },
  script: { words: 'a command for `sh`', example: '`my-agent < "$FUNADE_PROMPT_FILE"`' },
  program: { words: 'a list of program and arguments', example: '`[npx, -y, some-mcp-server]`' },
  commands: { words: 'a command or a list of commands', example: '`[npm run lint, npm test]`' },
  runStage: { words: 'a command, a list of commands, or a section with `run`', example: '`{ run: npm test }`' },
  deployStage: { words: 'an environment, or a section with `to`', example: '`{ to: staging }`' },
  egress: { words: 'a host and a port', example: '`api.example.com:443` or `*.example.com:5432`' },
  handler: { words: '`file.export` below the artifact', example: '`index.handler` or `dist/api.handler`' },
  route: { words: 'a path that starts with `/`; `/*` may end it', example: '`/hello` or `/files/*`' },
  httpPath: { words: 'a path that starts with `/`', example: '`/hello?name=Ann`' },
  pattern: { words: 'a name or pattern', example: '`main`, `release/*` or `v**`' },
  patterns: { words: 'a pattern or a list of patterns', example: '`[main, release/*]`' },
  pathPattern: {
    words: 'a path inside the repository, where only `*` and `**` are wildcards and `!` in front takes out again',
    example: '`src/**`, `docs/*.md` or `"!src/secrets/**"`',
  },
  pathPatterns: { words: 'a pattern of paths or a list of them', example: '`[src/**, docs/**]`' },
  branchPrefix: {
    words:
      'what a branch name can begin with: letters, digits and . _ - /, starting with a letter or digit, at most 100 long',
    example: '`funade/`',
  },
  approver: { words: 'a role or user name', example: '`approver` or `ann`' },
  approvers: { words: 'a role or user, or a list of them', example: '`[owner, ann]`' },
  strategy: { words: 'a strategy', example: '`rolling`, `blueGreen` or `{ canary: { steps: [10, 50] } }`' },
  canaryStep: { words: 'a weight, a pause or `analyse`', example: '`10`, `{ pause: 1m }`, `pause` or `analyse`' },
  pause: { words: 'a duration, or `{}` to wait for a person', example: '`{ pause: 10s }`' },
  analysis: { words: 'a list of metrics', example: '`[{ metric: error-rate, max: 5% }]`' },
  headerName: { words: 'a name without spaces', example: '`X-User`' },
  metricName: { words: 'a name', example: '`errors`' },
  host: { words: 'a host name or address', example: '`127.0.0.1`' },
  port: { words: 'a port from 0 to 65535', example: '`8000`' },
  path: { words: 'a path', example: '`./.funade`' },
  url: { words: 'an http or https address without user, query or fragment', example: '`https://api.github.com`' },
  serverUrl: { words: 'an http or https address without user, query or fragment', example: '`http://127.0.0.1:8000`' },
  modelUrl: {
    words: 'an http or https address without user, query or fragment',
    example: '`https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`',
  },
  mcpUrl: { words: 'an http or https address without user or fragment', example: '`https://mcp.example.com/mcp`' },
  databaseUrl: { words: 'a PostgreSQL address', example: '`postgres://user:password@host:5432/funade`' },
  secrets: { words: 'a list of secrets', example: '`[{ label: current, value: "${WEBHOOK_SECRET}" }]`' },
  cidrs: { words: 'addresses or networks', example: '`10.0.0.0/8` or `fd00::/8`' },
  repositories: { words: 'names of repositories', example: '`owner/name`' },
  size: { words: 'a size in bytes', example: '`3MiB`, `512KiB` or `1048576`' },
  namespace: { words: 'the name of a namespace', example: '`funade-guard`' },
  namespaces: { words: 'names of namespaces', example: '`cert-manager, monitoring`' },
  identities: { words: 'names of users or groups', example: '`system:masters` or `platform-team`' },
} as const satisfies Readonly<Record<string, { readonly words: string; readonly example: string }>>;

export type Expected = keyof typeof expectedTexts;

export const wordTexts = {
  top: 'the file',
  nothing: 'nothing',
  aList: 'a list',
  aSection: 'a section',
  none: 'none',
  from: 'from {min} to {max}',
  atLeast: 'at least {min}',
  atMost: 'at most {max}',
  between: 'between {min} and {max}',
  below: 'below `max` {max}',
  above: 'above `min` {min}',
} as const;

export type Word = keyof typeof wordTexts;
