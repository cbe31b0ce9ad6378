import { FunadeError } from '../../kernel/index.ts';
import type { GuardConfig } from '../../config/index.ts';
import type { Collected, Decided } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { renderDecided } from '../render/guard-test.ts';
import { type AddCommand, type Invocation, textOption } from '../shell.ts';
import { choiceOption, collect, listOption } from './fn-arguments.ts';
import { collectFiles, filesOf, namespaceOption, refuseFaults, shownFiles } from './guard-files.ts';
import { languageOfAnswers, readJudgingConfig, withSettings } from './guard-settings.ts';

const HELP = 'funade guard test --help';
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'] as const;

/** `funade guard test -f review.json|object.yaml`: 0 when all is allowed, 1 when something is not, 2 when it can't be read. */
export const addGuardTest: AddCommand = (parent, { text, action }) => {
  withSettings(parent.command('test'), text)
    .description(text('about.guard.test'))
    .option('-f, --file <path>', text('guard.option.testFile'), collect)
    .option('--against <path>', text('guard.option.against'), collect)
    .option('--old <path>', text('guard.option.old'), collect)
    .option('--operation <operation>', text('guard.option.operation'))
    .option('--user <name>', text('guard.option.user'))
    .option('--group <name>', text('guard.option.group'), collect)
    .option('-n, --namespace <name>', text('guard.option.namespace'))
    .option('--mode <mode>', text('guard.option.mode'))
    .action(
      action(async (context, invocation) => {
        const config = readJudgingConfig(context, invocation, HELP);
        const language = languageOfAnswers(context, config);
        const decided = await testAll(context, invocation, config);
        const shown = decided.length === 1 ? decided[0] : decided;
        context.show(shown, (screen) => renderDecided(decided, { ...screen, language }));
        return decided.every(({ allowed }) => allowed) ? EXIT.ok : EXIT.failed;
      }),
    );
};

async function testAll(context: Context, invocation: Invocation, config: GuardConfig): Promise<readonly Decided[]> {
  const names = filesOf(context, invocation, HELP);
  const operation = operationOf(context, invocation);
  const user = userOf(context, invocation);
  const namespace = namespaceOption(context, invocation, HELP) ?? 'default';
  const tried = await collectFiles(context, names);
  const against = await collectFiles(context, listOption(invocation, 'against'));
  const old = await collectEach(context, listOption(invocation, 'old'));
  await refuseFaults(
    context,
    [tried, against, ...old.values()].flatMap(({ faults }) => faults),
  );
  if (tried.manifests.length === 0) {
    const reason = context.text('guard.nothingToTest');
    const fix = context.text('guard.nameFiles', { wanted: context.text('guard.wanted.test') });
    throw new FunadeError('FUN_GUARD_NOTHING_TO_JUDGE', { files: shownFiles(names, context), reason, fix });
  }
  const { isBefore, isReview, tryRequests } = await import('../../guard/index.ts');
  if (tried.manifests.some(isReview)) refuseForReview(context, invocation);
  for (const [name, { manifests }] of old) {
    const isUsed = manifests.some((each) => tried.manifests.some((manifest) => isBefore(each, manifest, namespace)));
    if (!isUsed) throw usage(context.text('guard.oldUnused', { file: shownFiles([name], context) }), HELP);
  }
  const decided = await tryRequests(tried.manifests, {
    config,
    language: languageOfAnswers(context, config),
    namespace,
    user,
    operation,
    against: against.manifests,
    old: [...old.values()].flatMap(({ manifests }) => manifests),
  });
  if (decided.ok) return decided.value;
  await refuseFaults(context, decided.error);
  return [];
}

/** Only an update has a state before that counts. */
function operationOf(context: Context, invocation: Invocation): (typeof OPERATIONS)[number] | null {
  const asked = choiceOption(context, invocation, { name: 'operation', known: OPERATIONS, help: HELP });
  const operation = OPERATIONS.find((each) => each === asked) ?? null;
  const isUpdate = operation === null || operation === 'UPDATE';
  if (isUpdate || listOption(invocation, 'old').length === 0) return operation;
  throw usage(context.text('guard.oldOperation', { operation }), HELP);
}

function userOf(
  { text }: Context,
  invocation: Invocation,
): { readonly name: string; readonly groups: readonly string[] } {
  const name = textOption(invocation, 'user') ?? 'funade-guard-test';
  const groups = listOption(invocation, 'group');
  if (name.trim() === '') throw usage(text('guard.emptyOption', { option: '--user' }), HELP);
  if (groups.some((group) => group.trim() === '')) throw usage(text('guard.emptyOption', { option: '--group' }), HELP);
  return { name, groups };
}

/** A review names its user, its operation and its state before itself. */
function refuseForReview({ text }: Context, { options }: Invocation): void {
  const unfit = ['user', 'group', 'operation', 'old'].filter((name) => options[name] !== undefined);
  if (unfit.length === 0) return;
  throw usage(text('guard.optionOfObjects', { options: unfit.map((name) => `--${name}`).join(', ') }), HELP);
}

/** The files of each name by itself. */
async function collectEach(context: Context, names: readonly string[]): Promise<ReadonlyMap<string, Collected>> {
  const found = new Map<string, Collected>();
  for (const name of names) found.set(name, await collectFiles(context, [name]));
  return found;
}
