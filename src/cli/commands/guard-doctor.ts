import { resolve } from 'node:path';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { renderChecks } from '../render/checks.ts';
import { renderExplanation } from '../render/guard-explain.ts';
import { type AddCommand, textOption } from '../shell.ts';
import { namespaceOption } from './guard-files.ts';
import { readGuardConfig, withSettings } from './guard-settings.ts';

const HELP = 'funade guard doctor --help';

/** `funade guard doctor`: asks the cluster through the user's own kubectl; 1 when something fails, warnings are none. */
export const addGuardDoctor: AddCommand = (parent, { text, action }) => {
  withSettings(parent.command('doctor'), text)
    .description(text('about.guard.doctor'))
    .option('-n, --namespace <name>', text('guard.option.doctorNamespace'))
    .option('--context <name>', text('guard.option.context'))
    .option('--kubeconfig <file>', text('guard.option.kubeconfig'))
    .option('--explain <text>', text('guard.option.explain'))
    .action(
      action(async (context, invocation) => {
        const { createKubectl, diagnose, explain } = await import('../../guard/index.ts');
        const told = textOption(invocation, 'explain');
        if (told !== undefined) {
          if (told.trim() === '') throw usage(context.text('guard.emptyOption', { option: '--explain' }), HELP);
          const explanation = explain(told, context.language);
          context.show(explanation, (screen) => renderExplanation(explanation, screen));
          return explanation.id === 'unknown' ? EXIT.failed : EXIT.ok;
        }
        const { terminal, language } = context;
        const kubeconfig = textOption(invocation, 'kubeconfig');
        const cluster = createKubectl({
          program: 'kubectl',
          context: textOption(invocation, 'context') ?? null,
          kubeconfig: kubeconfig === undefined ? null : resolve(terminal.directory, kubeconfig),
          environment: terminal.environment,
        });
        const checks = await diagnose(cluster, {
          config: readGuardConfig(context, invocation),
          namespace: namespaceOption(context, invocation, HELP) ?? null,
          language,
          now: terminal.clock.now(),
        });
        context.show({ checks }, (screen) => renderChecks(checks, screen));
        return checks.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
      }),
    );
};
