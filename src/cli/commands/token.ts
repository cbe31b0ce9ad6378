import { ROLES, createTokenAnswer, pageOf, tokenView } from '../../api/contract/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { showList } from '../listing.ts';
import { renderTokens } from '../render/lists.ts';
import { isId } from '../resolve.ts';
import { type AddCommand, required, textOption } from '../shell.ts';

/** `funade token create|list|revoke` */
export const addToken: AddCommand = (parent, { text, action }) => {
  const token = parent.command('token').description(text('about.token'));
  token
    .command('create')
    .description(text('about.token.create'))
    .requiredOption('--name <name>', text('option.name'))
    .requiredOption('--role <role>', text('option.role'))
    .action(
      action(async (context, invocation) => {
        const role = textOption(invocation, 'role') ?? '';
        if (!(ROLES as readonly string[]).includes(role)) {
          throw usage(text('usage.choice', { value: role, known: ROLES.join(', ') }), 'funade token create --help');
        }
        const client = await context.client();
        const body = { name: textOption(invocation, 'name') ?? '', role };
        const made = await client.post('/api/v1/tokens', body, createTokenAnswer);
        context.note(text('told.token', { name: made.name, role: made.role }));
        context.show(made, () => [made.token]);
      }),
    );
  token
    .command('list')
    .description(text('about.token.list'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) =>
        showList(context, invocation, { path: '/api/v1/tokens', item: tokenView, render: renderTokens }),
      ),
    );
  token
    .command('revoke')
    .description(text('about.token.revoke'))
    .argument('<token>', text('arg.token'))
    .action(
      action(async (context, invocation) => {
        const id = await tokenId(context, required(invocation, 0));
        const sure = await confirm(context, text('ask.revokeToken', { id }), `funade token revoke ${id}`);
        if (!sure) return EXIT.failed;
        const client = await context.client();
        await client.remove(`/api/v1/tokens/${segment(id)}`);
        context.note(text('told.revoked', { id }));
        if (context.flags.json) context.json({ id, revoked: true });
        return undefined;
      }),
    );
};

/** A token may be named by its owner's name as long as only one valid token has it. */
async function tokenId(context: Context, name: string): Promise<string> {
  if (isId(name)) return name;
  const client = await context.client();
  const { items } = await client.get('/api/v1/tokens', pageOf(tokenView), { limit: 500 });
  const named = items.filter((found) => found.name === name && found.revokedAt === null);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only.id;
  const kind = context.text('kind.token');
  if (only === undefined) {
    const where = context.text('kind.of', { kind, place: name });
    throw new FunadeError('FUN_NOTHING_FITS', { kind: where }, { next: [{ command: 'funade token list' }] });
  }
  const next = named.map((found) => ({ command: `funade token revoke ${found.id}` }));
  throw new FunadeError('FUN_CHOICE_NEEDED', { kind, count: named.length }, { next });
}
