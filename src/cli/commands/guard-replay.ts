import { FunadeError } from '../../kernel/index.ts';
import type { ManifestFault, RecordLine } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { leftText, renderReplay } from '../render/guard-replay.ts';
import type { AddCommand } from '../shell.ts';
import { collect, listOption } from './fn-arguments.ts';
import { STDIN, collectFiles, filesOf, namespaceOption, refuseFaults, shownFiles } from './guard-files.ts';
import { languageOfAnswers, readJudgingConfig, withSettings } from './guard-settings.ts';

const HELP = 'funade guard replay --help';

/** `funade guard replay -f FILE|DIR|-`: 0 when every recorded answer stays, 1 when one differs or a record can't be read, 2 when there is none. */
export const addGuardReplay: AddCommand = (parent, { text, action }) => {
  withSettings(parent.command('replay'), text)
    .description(text('about.guard.replay'))
    .option('-f, --file <path>', text('guard.option.replayFile'), collect)
    .option('--against <path>', text('guard.option.against'), collect)
    .option('-n, --namespace <name>', text('guard.option.namespace'))
    .option('--mode <mode>', text('guard.option.mode'))
    .option('--all', text('guard.option.all'))
    .action(
      action(async (context, invocation) => {
        const names = filesOf(context, invocation, HELP);
        const namespace = namespaceOption(context, invocation, HELP) ?? 'default';
        const config = readJudgingConfig(context, invocation, HELP);
        const language = languageOfAnswers(context, config);
        const known = listOption(invocation, 'against');
        const against = await collectFiles(context, known);
        await refuseFaults(context, against.faults);
        const { replay } = await import('../../guard/index.ts');
        const report = await replay(recordsOf(context, names), {
          config,
          language,
          against: against.manifests,
          namespace,
        });
        if (report.decisions.length === 0 && report.faults.length === 0) {
          const left = leftText(report, context.language);
          const reason = left === '' ? text('guard.noRecord') : text('guard.nothingToReplay', { left });
          const fix = text('guard.nameFiles', { wanted: text('guard.wanted.replay') });
          throw new FunadeError('FUN_GUARD_NOTHING_TO_JUDGE', { files: shownFiles(names, context), reason, fix });
        }
        const all = invocation.options['all'] === true;
        context.show(report, (screen) => renderReplay(report, { all }, { ...screen, language }));
        const isSame = report.decisions.every(({ differs }) => !differs);
        return isSame && report.faults.length === 0 ? EXIT.ok : EXIT.failed;
      }),
    );
};

async function* recordsOf({ terminal }: Context, names: readonly string[]): AsyncGenerator<RecordLine | ManifestFault> {
  const { RECORD_FILE, findFiles, readLines, readRecords } = await import('../../guard/index.ts');
  for (const name of names) {
    if (name === STDIN) {
      yield* readLines(STDIN, terminal.stdin);
      continue;
    }
    const found = await findFiles(name, terminal.directory, RECORD_FILE);
    yield* found.faults;
    for (const file of found.files) yield* readRecords(file);
  }
}
