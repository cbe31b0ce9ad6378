import { completionScript, isShellName } from '../completion-script.ts';
import { usage } from '../flags.ts';
import { type AddCommand, required } from '../shell.ts';

/** `funade completion bash|zsh|fish`: a script to source. */
export const addCompletion: AddCommand = (parent, { text, action }) => {
  parent
    .command('completion')
    .description(text('about.completion'))
    .argument('<shell>', text('arg.shell'))
    .action(
      action(async (context, invocation) => {
        const shell = required(invocation, 0);
        if (!isShellName(shell)) throw usage(text('usage.choice', { value: shell, known: 'bash, zsh, fish' }));
        context.print([completionScript(shell, invocation.program)]);
      }),
    );
};
