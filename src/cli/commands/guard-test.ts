import { FunadeError } from '../../kernel/index.ts';
import type { Decided } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderDecided } from '../render/guard-test.ts';
import { type AddCommand, type Invocation, textOption } from '../shell.ts';
import { choiceOption, collect, listOption } from './fn-arguments.ts';
import { collectFiles, filesOf, refuseFaults } from './guard-files.ts';
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
        const decided = await testAll(context, invocation);
        const shown = decided.length === 1 ? decided[0] : decided;
        context.show(shown, (screen) => renderDecided(decided, screen));
        return decided.every(({ allowed }) => allowed) ? EXIT.ok : EXIT.failed;
      }),
    );
};

async function testAll(context: Context, invocation: Invocation): Promise<readonly Decided[]> {
  const names = filesOf(context, invocation, HELP);
  const asked = choiceOption(context, invocation, { name: 'operation', known: OPERATIONS, help: HELP });
  const config = readJudgingConfig(context, invocation, HELP);
  const [tried, against, old] = [
    await collectFiles(context, names),
    await collectFiles(context, listOption(invocation, 'against')),
    await collectFiles(context, listOption(invocation, 'old')),
  ];
  await refuseFaults(context, names, [...tried.faults, ...against.faults, ...old.faults]);
  if (tried.manifests.length === 0) {
    const [reason, wanted] = [context.text('guard.nothingToTest'), context.text('guard.wanted.test')];
    throw new FunadeError('FUN_GUARD_NOTHING_TO_JUDGE', { files: names.join(', '), reason, wanted });
  }
  const { tryRequests } = await import('../../guard/index.ts');
  const decided = await tryRequests(tried.manifests, {
    config,
    language: languageOfAnswers(context, config),
    namespace: textOption(invocation, 'namespace') ?? 'default',
    user: { name: textOption(invocation, 'user') ?? 'funade-guard-test', groups: listOption(invocation, 'group') },
    operation: OPERATIONS.find((operation) => operation === asked) ?? null,
    against: against.manifests,
    old: old.manifests,
  });
  if (decided.ok) return decided.value;
  await refuseFaults(context, names, decided.error);
  return [];
}
