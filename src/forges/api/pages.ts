import type { Fresh } from '../api-port.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Whether the forge filled it: one that it did not is the last for sure. */
  readonly full: boolean;
  /** Whether another page follows. */
  readonly more: boolean;
  readonly etag: string | null;
}

/** Asks for one page (from 1); with a tag, the answer may be that nothing changed. */
export type AskPage<T> = (page: number, etag: string | null) => Promise<Page<T> | 'unchanged'>;

export interface PageBounds {
  readonly maxPages: number;
  /** Told when a list goes on behind the last page that is read. */
  readonly onCut: () => void;
}

/** Every page of a list, up to the bound. */
export async function readPages<T>(ask: AskPage<T>, bounds: PageBounds): Promise<readonly T[]> {
  return (await readList(ask, bounds)).items;
}

interface ReadList<T> {
  readonly items: readonly T[];
  readonly etags: readonly (string | null)[];
}

async function readList<T>(ask: AskPage<T>, bounds: PageBounds): Promise<ReadList<T>> {
  const items: T[] = [];
  const etags: (string | null)[] = [];
  for (let number = 1; number <= bounds.maxPages; number += 1) {
    const page = await ask(number, null);
    if (page === 'unchanged') break;
    items.push(...page.items);
    // A last page that is full stays the same when another one follows it: its tag would hide that.
    etags.push(page.full && !page.more ? null : page.etag);
    if (!page.more) return { items, etags };
  }
  bounds.onCut();
  return { items, etags };
}

/**
 * Several lists as one, with one opaque tag made of the tags of all their pages. Unchanged only when every page is; else
 * all are read again, since the forge does not repeat the unchanged ones.
 */
export async function readFresh<T>(
  lists: readonly AskPage<T>[],
  etag: string | null,
  bounds: PageBounds,
): Promise<Fresh<readonly T[]>> {
  const known = parseTag(etag, lists.length);
  if (known !== null && (await allUnchanged(lists, known))) return { kind: 'unchanged' };
  const read: ReadList<T>[] = [];
  for (const ask of lists) read.push(await readList(ask, bounds));
  const tags = read.map((list) => list.etags);
  const complete = tags.every((pages) => pages.length > 0 && pages.every((tag) => tag !== null));
  return {
    kind: 'changed',
    value: read.flatMap((list) => list.items),
    etag: complete ? JSON.stringify(tags) : null,
  };
}

async function allUnchanged<T>(lists: readonly AskPage<T>[], tags: readonly (readonly string[])[]): Promise<boolean> {
  for (const [index, ask] of lists.entries()) {
    for (const [page, tag] of (tags[index] ?? []).entries()) {
      if ((await ask(page + 1, tag)) !== 'unchanged') return false;
    }
  }
  return true;
}

/** Tags that come back from storage may be of another version, or of another forge. */
function parseTag(etag: string | null, lists: number): readonly (readonly string[])[] | null {
  if (etag === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(etag);
  } catch {
    return null;
  }
  return isTag(value) && value.length === lists ? value : null;
}

function isTag(value: unknown): value is readonly (readonly string[])[] {
  return (
    Array.isArray(value) &&
    value.every((pages) => Array.isArray(pages) && pages.length > 0 && pages.every((tag) => typeof tag === 'string'))
  );
}
