import { z } from 'zod';
import { checkoutPath, commands, duration, expecting, flag, httpPath, integer, section, variables } from './fields.ts';

const MINUTE = 60_000;
const RUN_KINDS = ['validate', 'build', 'test', 'run'] as const;
export const STAGE_KINDS = [...RUN_KINDS, 'deploy', 'verify', 'approve'] as const;
export type StageKind = (typeof STAGE_KINDS)[number];

const timeout = duration({ min: '1s' });

/** Keys that every stage accepts inside its section. */
export const stageBase = {
  name: z
    .string(expecting('stageName'))
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,58}$/u, expecting('stageName'))
    .optional()
    .describe('How screens call it. Default: its kind.'),
  timeout: timeout.optional().describe('The stage ends after it.'),
  when: z
    .enum(['success()', 'failure()', 'always()'])
    .default('success()')
    .describe('Whether it runs after success, after a failure, or always.'),
};

const runSection = section({
  run: commands.describe('Commands in a clean checkout, one after the other.'),
  artifact: checkoutPath.optional().describe('Only on build: path that becomes the artifact. Default: `.`'),
  environment: variables.default({}).describe('Variables for the commands.'),
  ...stageBase,
  timeout: stageBase.timeout.default(10 * MINUTE),
});

/** `test: npm test`, `test: [npm run unit, npm run e2e]` or `test: { run: … }`. */
export const runSchema = z.union(
  [commands.transform((run) => runSection.parse({ run: [...run] })), runSection],
  expecting('runStage'),
);

const environmentName = z.string(expecting('name')).min(1);

const deploySection = section({
  to: environmentName.describe('Environment.'),
  ...stageBase,
  // A rollout that waits for a person gives up after a day by itself; the stage leaves it that time.
  timeout: stageBase.timeout.default(2 * 24 * 60 * MINUTE),
});

/** `deploy: staging` or `deploy: { to: staging }`. */
export const deploySchema = z.union(
  [environmentName.transform((to) => deploySection.parse({ to })), deploySection],
  expecting('deployStage'),
);

export const verifySchema = section({
  in: environmentName.optional().describe('Environment. Default: the one that was deployed to last.'),
  http: httpPath.optional().describe('Path below the address of the application in that environment.'),
  expect: section({
    status: integer(100, 599).optional().describe('Status of the answer. Default: 200.'),
    body: z.string(expecting('text')).min(1).optional().describe('Text that the answer has to contain.'),
  })
    .optional()
    .describe('What the answer has to be.'),
  run: commands.optional().describe('Commands instead of a probe.'),
  attempts: integer(1, 1000).default(5).describe('Tries before it counts as failed, one second apart.'),
  ...stageBase,
  timeout: stageBase.timeout.default(MINUTE),
});

const approver = z.string(expecting('approver')).regex(/^[a-z0-9][a-z0-9._-]{0,38}$/, expecting('approver'));

export const approveSchema = section({
  by: z
    .union([approver, z.array(approver, expecting('approvers')).min(1)], expecting('approvers'))
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value))
    .default(['approver'])
    .describe('Roles (viewer, deployer, approver, owner) or user names.'),
  quorum: integer(1, 100).default(1).describe('Different people that have to approve.'),
  within: duration({ min: '1s' })
    .default(7 * 24 * 60 * MINUTE)
    .describe('The request expires after it.'),
  selfApproval: flag.default(false).describe('Whether the one who started the run may approve it.'),
  ...stageBase,
});

type Read<K extends StageKind, S extends z.ZodType> = { readonly kind: K; readonly body: z.output<S> };

export type ReadStage =
  | Read<(typeof RUN_KINDS)[number], typeof runSchema>
  | Read<'deploy', typeof deploySchema>
  | Read<'verify', typeof verifySchema>
  | Read<'approve', typeof approveSchema>;

/** One stage for editors: a section with one of the kinds as its key. */
export const stageSchema = z.union([
  section({ validate: runSchema }),
  section({ build: runSchema }),
  section({ test: runSchema }),
  section({ run: runSchema }),
  section({ deploy: deploySchema }),
  section({ verify: verifySchema }),
  section({ approve: z.union([approveSchema, z.null()]) }),
]);

export const pipelineExample = `# What a release goes through, in order. validate, build, test and run execute commands in a clean checkout.
# Every stage also takes name, timeout and when: success() (default), failure() or always().
pipeline:
  - validate: { run: [npm run lint] }
  # artifact: path in the checkout that becomes the release. Default: the whole checkout after the last build.
  - build: { run: npm run build, artifact: . }
  # \`test: npm test\` is short for \`test: { run: npm test }\`.
  - test: { name: unit tests, run: npm test, timeout: 10m, when: success(), environment: { LOG_LEVEL: warn } }
  - deploy: { to: staging }
  # in: environment, by default the one deployed to last. expect.body: text that the answer contains.
  # Instead of http and expect: run: [commands]. attempts: tries, one second apart.
  - verify: { in: staging, http: /hello, expect: { status: 200, body: Hello }, attempts: 5 }
  # by: roles or user names. quorum: different people. within: the request expires after it.
  - approve: { by: [approver], quorum: 1, within: 7d, selfApproval: false }
  - deploy: { to: production }
  # Any other command:
  # - run: { run: npm run announce, when: always() }
`;
