import {
  type CreateTokenAnswer,
  ROLES,
  SCOPES,
  type Scope,
  createTokenAnswer,
  pageOf,
  tokenView,
} from '../../api/contract/index.ts';
import { FunadeError, parseDuration } from '../../kernel/index.ts';
import { confirm } from '../ask.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { showList } from '../listing.ts';
import type { Text } from '../locales/index.ts';
import { renderTokens } from '../render/lists.ts';
import { isId } from '../resolve.ts';
import { type AddCommand, type Invocation, given, required, textOption } from '../shell.ts';

/** `funade token create|list|revoke` */
export const addToken: AddCommand = (parent, { text, action }) => {
  const token = parent.command('token').description(text('about.token'));
  token
    .command('create')
    .description(text('about.token.create'))
    .requiredOption('--name <name>', text('option.name'))
    .requiredOption('--role <role>', text('option.role'))
    .option('--scope <scope>', text('option.scope'), (scope: string, others?: string) =>
      others === undefined ? scope : `${others},${scope}`,
    )
    .option('--expires-in <duration>', text('option.expiresIn'))
    .option('--aws', text('option.aws'))
    .action(
      action(async (context, invocation) => {
        const body = tokenRequest(invocation, text);
        const client = await context.client();
        const made = await client.post('/api/v1/tokens', body, createTokenAnswer);
        context.note(text('told.token', { name: made.name, role: made.role }));
        context.show(made, () => (body.aws === true ? accessKeyLines(made) : [made.token]));
        if (body.aws === true && !context.flags.json) context.note(text('told.aws', { server: client.server }));
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

const HELP = 'funade token create --help';

function tokenRequest(invocation: Invocation, text: Text) {
  const role = textOption(invocation, 'role') ?? '';
  if (!(ROLES as readonly string[]).includes(role)) {
    throw usage(text('usage.choice', { value: role, known: ROLES.join(', ') }), HELP);
  }
  const expiresIn = textOption(invocation, 'expiresIn');
  if (expiresIn !== undefined && parseDuration(expiresIn) === undefined) {
    throw usage(text('usage.duration', { value: expiresIn }), HELP);
  }
  const optional = { scopes: readScopes(textOption(invocation, 'scope'), text), expiresIn };
  const aws = invocation.options['aws'] === true ? true : undefined;
  return { name: textOption(invocation, 'name') ?? '', role, ...given({ ...optional, aws }) };
}

/** Scopes that were separated by commas; those of several `--scope` are too by now. */
function readScopes(list: string | undefined, text: Text): readonly Scope[] | undefined {
  if (list === undefined) return undefined;
  const named = list.split(',').map((each) => each.trim());
  const unknown = named.find((each) => !(SCOPES as readonly string[]).includes(each));
  if (unknown !== undefined) {
    throw usage(text('usage.choice', { value: unknown, known: SCOPES.join(', ') }), HELP);
  }
  return SCOPES.filter((scope) => named.includes(scope));
}

/** For `eval` in a shell: ids and secrets of access keys have no character that a shell would read. */
function accessKeyLines({ accessKeyId = '', secretAccessKey = '' }: CreateTokenAnswer): readonly string[] {
  return [`export AWS_ACCESS_KEY_ID=${accessKeyId}`, `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`];
}

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
