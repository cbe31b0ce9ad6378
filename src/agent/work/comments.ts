import { createHash } from 'node:crypto';
import { type Actor, type Comment, type Forge, REPOSITORY_ROLES, type RepositoryRole } from '../../forges/index.ts';
import { type Language, assertNever, isFunadeError } from '../../kernel/index.ts';
import { type Trx, appendEvent, transaction } from '../../store/index.ts';
import { type Command, commandsIn, hasMarker, withoutCommands } from '../commands.ts';
import { type CommentRow, insertComments, readKnown, readVersions } from '../inbox/store.ts';
import { retryIn } from '../retry.ts';
import { lockFor, steerIn } from '../steer.ts';
import type { TaskRow } from '../store.ts';
import { sayIn } from '../texts/index.ts';
import { unlessInterrupted } from './interruption.ts';
import { type WorkMeans, keyOf } from './place.ts';
import { setNote } from './store.ts';

/** Longer ones are cut: forges take no more than this from people. */
const LONGEST_BODY = 65_536;

interface Sorting {
  readonly means: WorkMeans;
  readonly task: TaskRow;
  readonly forge: Forge;
}

/**
 * Notes what was not seen before of the comments of a subject, and carries out the commands in it. Each version of a comment counts once,
 * whoever sees it and how often; a command and the note of its comment are one transaction.
 */
export async function sortComments(
  { means, task, forge }: Sorting,
  comments: readonly Comment[],
  signal: AbortSignal,
): Promise<void> {
  const known = await readKnown(means.db, task.id);
  const digests = new Set(known.map(({ comment, digest }) => `${comment} ${digest}`));
  const ids = new Set(known.map(({ comment }) => comment));
  const fresh = comments.filter((comment) => !digests.has(`${comment.id} ${digestOf(comment)}`));
  if (fresh.length === 0) return;
  const self = await unlessInterrupted(signal, () => forge.self());
  const roles = new Map<string, Promise<RepositoryRole>>();
  for (const comment of fresh) {
    const isOurs = isOfProgram(comment, self);
    const role = isOurs
      ? 'none'
      : await unlessInterrupted(signal, () => roleOf({ means, task, forge }, roles, comment.author));
    const row = rowOf(task, comment, { edited: ids.has(comment.id), now: means.clock.now() });
    if (isOurs) await note(means, { ...row, outcome: 'ignored' });
    else if (!mayStart(role)) await note(means, { ...row, outcome: 'outsider' });
    else await take(means, task, row);
  }
}

function roleOf(
  { task, forge }: Sorting,
  roles: Map<string, Promise<RepositoryRole>>,
  author: Actor,
): Promise<RepositoryRole> {
  const name = author.id ?? author.login;
  const asked = roles.get(name) ?? forge.role(keyOf(task).repository, author);
  roles.set(name, asked);
  return asked;
}

/** Whether who has this role may hand subjects over, and steer what works on them. */
export function mayStart(role: RepositoryRole): boolean {
  return REPOSITORY_ROLES.indexOf(role) >= REPOSITORY_ROLES.indexOf('write');
}

export function isSame(left: Actor, right: Actor): boolean {
  if (left.id !== null && right.id !== null) return left.id === right.id;
  return left.login.toLowerCase() === right.login.toLowerCase();
}

/** Ours, of the forge itself, or of another bot. A person whose own token Funade works with is one: only comments with our marker are ours. */
function isOfProgram({ author, body, system }: Comment, self: Actor): boolean {
  if (system || author.isBot) return true;
  return hasMarker(body) || (self.isBot && isSame(author, self));
}

function digestOf({ body }: Pick<Comment, 'body'>): string {
  return createHash('sha256').update(body).digest('hex');
}

type Unsorted = Omit<CommentRow, 'outcome'>;

function rowOf(
  task: TaskRow,
  comment: Comment,
  { edited, now }: { readonly edited: boolean; readonly now: number },
): Unsorted {
  return {
    task: task.id,
    comment: comment.id,
    digest: digestOf(comment),
    author: comment.author.login,
    body: comment.body.slice(0, LONGEST_BODY),
    edited,
    at: new Date(comment.createdAt),
    seen_at: new Date(now),
  };
}

async function note({ db }: WorkMeans, row: CommentRow): Promise<void> {
  await transaction(db, (trx) => insertComments(trx, [row]));
}

/**
 * What was there at the first claim is context, and no command counts any more. One that was written since the label was put on is left to be
 * sorted when it has commands: a task can be stopped while it waits for its turn.
 */
export function contextAt(
  { means, task }: Omit<Sorting, 'forge'>,
  comments: readonly Comment[],
  self: Actor,
): readonly CommentRow[] {
  const since = task.via === 'retry' ? null : (task.triggered_at?.getTime() ?? null);
  const now = means.clock.now();
  return comments.flatMap((comment) => {
    const hasCommands = commandsIn(comment.body).length > 0;
    if (hasCommands && since !== null && comment.createdAt > since) return [];
    const isForNobody = isOfProgram(comment, self) || (hasCommands && withoutCommands(comment.body) === '');
    return [{ ...rowOf(task, comment, { edited: false, now }), outcome: isForNobody ? 'ignored' : 'context' }];
  });
}

/** A comment of somebody with a write role: commands are carried out, the rest is for the agent. */
async function take(means: WorkMeans, task: TaskRow, row: Unsorted): Promise<void> {
  const isForAgent = withoutCommands(row.body) !== '';
  await transaction(means.db, async (trx) => {
    const locked = await lockFor(trx, task);
    if (locked === undefined) return;
    // An edit asks only for what the comment did not say before.
    const before = row.edited ? await readVersions(trx, task.id, row.comment) : [];
    const said = new Set(before.flatMap(commandsIn).map(nameOf));
    if ((await insertComments(trx, [{ ...row, outcome: isForAgent ? 'pending' : 'command' }])) === 0) return;
    for (const command of commandsIn(row.body))
      if (!said.has(nameOf(command))) await carryOut(trx, means, { task, command, author: row.author });
  });
}

function nameOf(command: Command): string {
  return command.kind === 'unknown' ? `unknown ${command.text}` : command.kind;
}

interface Asked {
  readonly task: TaskRow;
  readonly command: Command;
  readonly author: string;
}

async function carryOut(trx: Trx, means: WorkMeans, asked: Asked): Promise<void> {
  const { task, command, author } = asked;
  const end = await done(trx, means, asked);
  const { source, project, number } = task;
  const data = { source, project, number, command: nameOf(command), outcome: end };
  await appendEvent(trx, { kind: 'task.command', subject: task.id, actor: author, data });
  if (end === 'unknown' || end === 'refused') await setNote(trx, task.id, answerTo(command, means.language));
}

async function done(
  trx: Trx,
  means: WorkMeans,
  { task, command, author }: Asked,
): Promise<'done' | 'same' | 'refused' | 'unknown'> {
  switch (command.kind) {
    case 'unknown':
      return 'unknown';
    case 'retry':
      return (await retried(trx, means, { id: task.id, author })) ? 'done' : 'refused';
    case 'stop':
    case 'pause':
    case 'resume':
    case 'approve': {
      // Several commands of one comment follow each other: each finds what the one before has left.
      const row = await lockFor(trx, task);
      const by = { actor: author, reason: command.why };
      return row === undefined ? 'refused' : steerIn(trx, means, row, { act: command.kind, by });
    }
    default:
      return assertNever(command);
  }
}

async function retried(
  trx: Trx,
  means: WorkMeans,
  { id, author }: { readonly id: string; readonly author: string },
): Promise<boolean> {
  try {
    await retryIn(trx, means, id, author);
    return true;
  } catch (thrown) {
    if (isFunadeError(thrown) && thrown.code === 'FUN_TASK_ALIVE') return false;
    throw thrown;
  }
}

/** Shown as the note of the progress comment. Only letters, digits, spaces and hyphens are left of what was written. */
function answerTo(command: Command, language: Language): string {
  const say = sayIn(language);
  if (command.kind === 'unknown') return say('unknownCommand', { command: command.text });
  return say('refusedCommand', { command: command.kind === 'approve' ? 'plan ok' : command.kind });
}
