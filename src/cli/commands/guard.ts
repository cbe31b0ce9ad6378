import type { AddCommand } from '../shell.ts';
import { addGuardConfig } from './guard-config.ts';
import { addGuardDoctor } from './guard-doctor.ts';
import { addGuardLint } from './guard-lint.ts';
import { addGuardReplay } from './guard-replay.ts';
import { addGuardTest } from './guard-test.ts';

/** `funade guard config|lint|test|replay|doctor`: the guard's rules and settings without its server. */
export const addGuard: AddCommand = (parent, shell) => {
  const guard = parent.command('guard').description(shell.text('about.guard'));
  for (const add of [addGuardConfig, addGuardLint, addGuardTest, addGuardReplay, addGuardDoctor]) add(guard, shell);
};
