import type { Command } from 'commander';
import {
  type AddSourceAnswer,
  addSourceAnswer,
  addSourceRequest,
  installSourceAnswer,
  sourceView,
} from '../../api/contract/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { showList } from '../listing.ts';
import type { Text, TextKey } from '../locales/index.ts';
import { renderHooks, renderSources } from '../render/source.ts';
import { type Act, type AddCommand, type Invocation, given, required, textOption } from '../shell.ts';
import { readSecretValue } from './secret-value.ts';

/** Values that are never arguments: the option that asks for one, the field of the request it goes to, and what it is called. */
const HIDDEN = [
  { option: 'tokenStdin', flag: '--token-stdin', field: 'token', called: 'ask.sourceToken' },
  { option: 'secretStdin', flag: '--secret-stdin', field: 'secret', called: 'ask.sourceSecret' },
  { option: 'signingTokenStdin', flag: '--signing-token-stdin', field: 'signingToken', called: 'ask.sourceSigning' },
] as const satisfies readonly { option: string; flag: string; field: string; called: TextKey }[];

type Hidden = Partial<Record<(typeof HIDDEN)[number]['field'], string>>;

/** `funade source list|add|rotate|install|remove` */
export const addSource: AddCommand = (parent, { text, action }) => {
  const source = parent.command('source').description(text('about.source'));
  source
    .command('list')
    .description(text('about.source.list'))
    .action(
      action((context, invocation) =>
        showList(context, invocation, { path: '/api/v1/sources', item: sourceView, render: renderSources }),
      ),
    );
  ofSource(source.command('add').description(text('about.source.add')), text)
    .option('--forge <forge>', text('option.sourceForge'))
    .option('--api-url <url>', text('option.apiUrl'))
    .option('--repository <name>', text('option.repositories'), joined)
    .option('--token-stdin', text('option.tokenStdin'))
    .option('--secret-stdin', text('option.webhookSecretStdin'))
    .option('--signing-token-stdin', text('option.signingTokenStdin'))
    .action(action(add));
  ofSource(source.command('rotate').description(text('about.source.rotate')), text)
    .option('--secret-stdin', text('option.webhookSecretStdin'))
    .option('--remove <label>', text('option.removeLabel'), joined)
    .action(action(rotate));
  ofSource(source.command('install').description(text('about.source.install')), text)
    .option('--url <url>', text('option.hookUrl'))
    .option('--repository <name>', text('option.installRepositories'), joined)
    .action(action(install));
  ofSource(source.command('remove').description(text('about.source.remove')), text)
    .option('--repository <name>', text('option.removeRepositories'), joined)
    .action(action(remove));
};

function ofSource(command: Command, text: Text): Command {
  return command.argument('<source>', text('arg.sourceName'));
}

const add: Act = async (context, invocation) => {
  const name = required(invocation, 0);
  const [forge, apiUrl] = [textOption(invocation, 'forge'), textOption(invocation, 'apiUrl')];
  if (!addSourceRequest.shape.name.safeParse(name).success) {
    throw usage(context.text('usage.sourceName'), 'funade source add --help');
  }
  if (forge !== undefined && forge !== 'github' && forge !== 'gitlab') {
    throw usage(context.text('usage.choice', { value: forge, known: 'github, gitlab' }), 'funade source add --help');
  }
  const hidden = await readHidden(context, invocation, 'add');
  if (hidden === null) return EXIT.interrupted;
  const client = await context.client();
  const body = { name, ...given({ forge, apiUrl }), repositories: listOf(invocation, 'repository'), ...hidden };
  const made = await client.post('/api/v1/sources', body, addSourceAnswer);
  context.note(context.text('told.sourceAdded', { name, url: client.server + made.source.webhookPath }));
  showMade(context, made);
  return undefined;
};

const rotate: Act = async (context, invocation) => {
  const name = required(invocation, 0);
  const hidden = await readHidden(context, invocation, 'rotate');
  if (hidden === null) return EXIT.interrupted;
  const remove = listOf(invocation, 'remove');
  const client = await context.client();
  const body = { ...hidden, ...(remove.length === 0 ? {} : { remove }) };
  const made = await client.post(`/api/v1/sources/${segment(name)}/rotate`, body, addSourceAnswer);
  const labels = made.source.secrets.map(({ label }) => label).join(', ');
  context.note(context.text('told.sourceRotated', { name, labels }));
  showMade(context, made);
  return undefined;
};

const install: Act = async (context, invocation) => {
  const name = required(invocation, 0);
  const repositories = listOf(invocation, 'repository');
  const client = await context.client();
  const body = {
    ...given({ url: textOption(invocation, 'url') }),
    ...(repositories.length === 0 ? {} : { repositories }),
  };
  const answer = await client.post(`/api/v1/sources/${segment(name)}/install`, body, installSourceAnswer);
  context.show(answer, (screen) => (answer.hooks.length === 0 ? [] : renderHooks(answer, screen)));
  if (answer.hooks.length === 0) context.note(context.text('list.empty'));
  return answer.hooks.some(({ done }) => done === 'failed') ? EXIT.failed : EXIT.ok;
};

const remove: Act = async (context, invocation) => {
  const name = required(invocation, 0);
  const named = listOf(invocation, 'repository');
  const repositories = named.join(', ');
  const isWhole = named.length === 0;
  const question = isWhole
    ? context.text('ask.removeSource', { name })
    : context.text('ask.removeRepositories', { name, repositories });
  const again = ['funade source remove', name, ...named.map((each) => `--repository ${each}`)].join(' ');
  if (!(await confirm(context, question, again))) return EXIT.failed;
  const client = await context.client();
  const query = named.map((each) => `repository=${encodeURIComponent(each)}`).join('&');
  await client.remove(`/api/v1/sources/${segment(name)}${isWhole ? '' : `?${query}`}`);
  context.note(
    isWhole
      ? context.text('told.sourceRemoved', { name })
      : context.text('told.sourceRepositoriesRemoved', { name, repositories }),
  );
  if (context.flags.json) context.json({ name, repositories: named, removed: true });
  return undefined;
};

/** From a hidden prompt, or one of them from standard input. Null when the person broke it off. */
async function readHidden(context: Context, invocation: Invocation, verb: 'add' | 'rotate'): Promise<Hidden | null> {
  const help = `funade source ${verb} --help`;
  const wanted = HIDDEN.filter(({ option }) => invocation.options[option] === true);
  if (wanted.length > 1 && !context.interactive) throw usage(context.text('usage.oneFromStdin'), help);
  const values: Hidden = {};
  for (const { flag, field, called } of wanted) {
    const again = `funade source ${verb} ${required(invocation, 0)} ${flag} < <file>`;
    const value = await readSecretValue(context, { name: context.text(called), file: undefined, again, help });
    if (value === null) return null;
    values[field] = value;
  }
  return values;
}

/** A secret that was made is the result; everything else was told. */
function showMade(context: Context, made: AddSourceAnswer): void {
  const { secret } = made;
  if (secret !== null) context.note(context.text('told.sourceSecret', { label: secret.label }));
  context.show(made, () => (secret === null ? [] : [secret.value]));
}

function joined(value: string, others?: string): string {
  return others === undefined ? value : `${others},${value}`;
}

function listOf(invocation: Invocation, name: string): readonly string[] {
  const text = textOption(invocation, name);
  return text === undefined
    ? []
    : text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '');
}
