import type { Clock } from '../../kernel/index.ts';
import { type Desk, firstLine, inMirror, sure } from './desk.ts';

export interface Author {
  readonly name: string;
  readonly email: string;
}

export interface Record {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Author;
  /** As git writes it: seconds and zone. */
  readonly date: string;
}

/** Makes a commit that no ref names. */
export async function record(desk: Desk, { tree, parents, message, author, date }: Record): Promise<string> {
  const name = plain(author.name) || plain(author.email); // git takes no empty name
  const env = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: plain(author.email),
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: plain(author.email),
    GIT_COMMITTER_DATE: date,
  };
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  const input = `${message.replaceAll('\0', '').trimEnd()}\n`;
  return firstLine(sure(desk, 'commit', await inMirror(desk, args, { env, input })));
}

export function dateOf(clock: Clock): string {
  return `@${Math.floor(clock.now() / 1000)} +0000`;
}

/** Brackets and line ends delimit an identity. */
function plain(text: string): string {
  return text.replaceAll(/[<>\u0000-\u001f\u007f]/g, ' ').trim();
}
