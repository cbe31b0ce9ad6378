import { ProblemError } from '../client.ts';
import type { AddCommand, Shell } from '../shell.ts';
import { addFnAlias } from './fn-alias.ts';
import { addFnDeadLetters } from './fn-dead-letters.ts';
import { addFnDelete } from './fn-delete.ts';
import { addFnDeploy } from './fn-deploy.ts';
import { addFnDoctor } from './fn-doctor.ts';
import { addFnInvoke } from './fn-invoke.ts';
import { addFnList } from './fn-list.ts';
import { addFnLogs } from './fn-logs.ts';
import { addFnVersions } from './fn-versions.ts';

const COMMANDS: readonly AddCommand[] = [
  addFnList,
  addFnDeploy,
  addFnInvoke,
  addFnLogs,
  addFnAlias,
  addFnVersions,
  addFnDelete,
  addFnDeadLetters,
  addFnDoctor,
];

/** `funade fn …`: functions that are deployed by themselves, and what all functions run with. */
export const addFn: AddCommand = (parent, shell) => {
  const fn = parent.command('fn').description(shell.text('about.fn'));
  const action: Shell['action'] = (act) =>
    shell.action(async (context, invocation) => {
      try {
        return await act(context, invocation);
      } catch (thrown) {
        throw withNext(thrown);
      }
    });
  for (const add of COMMANDS) add(fn, { ...shell, action });
};

/** What the server could not find, or not do in its present state, with the command that its fix names as the next one. */
function withNext(thrown: unknown): unknown {
  if (!(thrown instanceof ProblemError)) return thrown;
  const { problem, details } = thrown;
  if (problem.next.length > 0 || (problem.status !== 404 && problem.status !== 409)) return thrown;
  const command = /`(funade [^`]+)`/u.exec(problem.fix)?.[1] ?? 'funade fn list';
  return new ProblemError({ ...problem, next: [{ command }] }, details);
}
