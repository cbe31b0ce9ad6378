import { FunadeError } from '../../kernel/index.ts';
import type { LintReport } from '../../guard/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { othersText, renderLint } from '../render/guard-lint.ts';
import type { AddCommand } from '../shell.ts';
import { collect } from './fn-arguments.ts';
import { collectFiles, filesOf, namespaceOption, refuseFaults, shownFiles, withShownFile } from './guard-files.ts';
import { languageOfAnswers, readJudgingConfig, withSettings } from './guard-settings.ts';

const HELP = 'funade guard lint --help';

/** `funade guard lint -f DIR|FILE|-`: 1 when the webhook would refuse something or a file can't be read, 2 when there is nothing to judge. */
export const addGuardLint: AddCommand = (parent, { text, action }) => {
  withSettings(parent.command('lint'), text)
    .description(text('about.guard.lint'))
    .option('-f, --file <path>', text('guard.option.lintFile'), collect)
    .option('-n, --namespace <name>', text('guard.option.namespace'))
    .option('--mode <mode>', text('guard.option.mode'))
    .action(
      action(async (context, invocation) => {
        const names = filesOf(context, invocation, HELP);
        const namespace = namespaceOption(context, invocation, HELP) ?? 'default';
        const config = readJudgingConfig(context, invocation, HELP);
        const collected = await collectFiles(context, names);
        if (collected.files === 0) await refuseFaults(context, collected.faults);
        const { lint } = await import('../../guard/index.ts');
        const language = languageOfAnswers(context, config);
        const report = lint(collected, { config, namespace, language });
        refuseNothing(context, names, report);
        context.show(report, (screen) => renderLint(report, { ...screen, language }));
        const isDenied = report.findings.some(({ severity }) => severity === 'deny');
        return isDenied || report.faults.length > 0 ? EXIT.failed : EXIT.ok;
      }),
    );
};

/** A lint of nothing is a mistake in the call, such as a folder of templates or a wrong path. */
function refuseNothing(context: Context, names: readonly string[], report: LintReport): void {
  if (report.judged > 0 || report.faults.length > 0) return;
  const files = shownFiles(names, context);
  const faults = report.notes.map((note) => withShownFile(note, context.language));
  throw new FunadeError('FUN_GUARD_NOTHING_TO_JUDGE', { files, ...whyNothing(context, report) }, { faults });
}

function whyNothing(
  { text, language }: Context,
  report: LintReport,
): { readonly reason: string; readonly fix: string } {
  const others = othersText(report, language);
  const [policy] = report.off;
  if (policy !== undefined) {
    return { reason: text('guard.nothingAsked', { others }), fix: text('guard.turnOn', { policy }) };
  }
  if (report.skipped > 0) {
    return { reason: text('guard.nothingInside', { others }), fix: text('guard.otherNamespace') };
  }
  const reason = others === '' ? text('guard.nothingFound') : text('guard.nothingAsked', { others });
  return { reason, fix: text('guard.nameFiles', { wanted: text('guard.wanted.lint') }) };
}
