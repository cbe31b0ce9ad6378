import { secretName, secretView } from '../../api/contract/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { showList } from '../listing.ts';
import type { Text, TextKey } from '../locales/index.ts';
import { renderSecrets } from '../render/lists.ts';
import { type AddCommand, type Invocation, given, required, textOption } from '../shell.ts';
import { requireKnown } from './fn-known.ts';
import { readSecretValue } from './secret-value.ts';

const LONGEST_NAME = 64;

/** `funade secret set|list|remove` */
export const addSecret: AddCommand = (parent, { text, action }) => {
  const secret = parent.command('secret').description(text('about.secret'));
  secret
    .command('set')
    .description(text('about.secret.set'))
    .argument('<app>', text('arg.secretApp'))
    .argument('<NAME>', text('arg.secretName'))
    .option('--environment <name>', text('option.secretEnvironment'))
    .option('--from-file <file>', text('option.fromFile'))
    .action(
      action(async (context, invocation) => {
        const { app, name, environment } = placeOf(invocation, text, 'set');
        const value = await readSecretValue(context, {
          name,
          file: textOption(invocation, 'fromFile'),
          again: `funade secret set ${app} ${name} --from-file <file>`,
          help: 'funade secret set --help',
        });
        if (value === null) return EXIT.interrupted;
        const client = await context.client();
        const body = { value, ...given({ environment }) };
        const set = await client.put(pathOf(app, name), body, { schema: secretView });
        context.note(text('told.secretSet', { app, name, version: set.version }));
        context.show(set, () => []);
        return undefined;
      }),
    );
  secret
    .command('list')
    .description(text('about.secret.list'))
    .argument('<app>', text('arg.secretApp'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action(async (context, invocation) => {
        const app = required(invocation, 0);
        const path = `/api/v1/apps/${segment(app)}/secrets`;
        const onEmpty = () => requireKnown(context, app);
        await showList(context, invocation, { path, item: secretView, render: renderSecrets, onEmpty });
        return undefined;
      }),
    );
  secret
    .command('remove')
    .description(text('about.secret.remove'))
    .argument('<app>', text('arg.secretApp'))
    .argument('<NAME>', text('arg.secretName'))
    .option('--environment <name>', text('option.removeEnvironment'))
    .action(
      action(async (context, invocation) => {
        const { app, name, environment } = placeOf(invocation, text, 'remove');
        const only = environment === undefined ? '' : ` --environment ${environment}`;
        const again = `funade secret remove ${app} ${name}${only}`;
        if (!(await confirm(context, text('ask.removeSecret', { app, name }), again))) return EXIT.failed;
        const client = await context.client();
        const query = environment === undefined ? '' : `?environment=${encodeURIComponent(environment)}`;
        await client.remove(`${pathOf(app, name)}${query}`);
        context.note(text('told.secretRemoved', { app, name }));
        if (context.flags.json) context.json({ app, name, environment: environment ?? null, removed: true });
        return undefined;
      }),
    );
};

function faultOfName(name: string): TextKey {
  if (name.includes('=')) return 'usage.secretInName';
  if (name.startsWith('FUNADE_')) return 'usage.secretReserved';
  return name.length > LONGEST_NAME ? 'usage.secretLong' : 'usage.secretForm';
}

/** A name that is none is not repeated: `NAME=value` would show the value. */
function placeOf(invocation: Invocation, text: Text, verb: string) {
  const [app, name] = [required(invocation, 0), required(invocation, 1)];
  if (!secretName.safeParse(name).success) throw usage(text(faultOfName(name)), `funade secret ${verb} --help`);
  return { app, name, environment: textOption(invocation, 'environment') };
}

function pathOf(app: string, name: string): string {
  return `/api/v1/apps/${segment(app)}/secrets/${segment(name)}`;
}
