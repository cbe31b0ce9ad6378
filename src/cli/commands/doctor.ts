import { findConnection } from '../connection.ts';
import { checkMachine } from '../doctor/machine.ts';
import { checkServer } from '../doctor/server.ts';
import { EXIT } from '../exit-codes.ts';
import { renderChecks } from '../render/checks.ts';
import type { AddCommand } from '../shell.ts';

/** `funade doctor`: ends with code 1 when something fails; a warning does not count as failure. */
export const addDoctor: AddCommand = (parent, { text, action }) => {
  parent
    .command('doctor')
    .description(text('about.doctor'))
    .action(
      action(async (context) => {
        const connection = await findConnection(context.flags, context.terminal);
        const [machine, server] = await Promise.all([
          checkMachine(context, connection.dataDir),
          checkServer(context, connection),
        ]);
        const checks = [...machine, ...server];
        context.show({ checks }, (screen) => renderChecks(checks, screen));
        return checks.some((check) => check.status === 'fail') ? EXIT.failed : EXIT.ok;
      }),
    );
};
