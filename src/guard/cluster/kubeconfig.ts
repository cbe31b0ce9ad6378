import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { MessageValues } from '../../kernel/index.ts';
import type { StartFaultKey } from '../faults/start-fault.ts';
import { type Access, AccessFault } from './access.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Access by the current context of a kubeconfig file. Files that it names are read, relative to its directory. */
export async function readKubeconfig(path: string): Promise<Access> {
  const document = await parse(path);
  const name = textOf(document, 'current-context');
  if (name === null) throw faultOf('noContext', path);
  const context = entryOf({ path, document, list: 'contexts', name });
  const cluster = entryOf({ path, document, list: 'clusters', name: textOf(context, 'cluster') ?? '' });
  const userName = textOf(context, 'user');
  const user = userName === null ? {} : entryOf({ path, document, list: 'users', name: userName });
  return accessOf({ path, cluster, user });
}

async function accessOf({
  path,
  cluster,
  user,
}: {
  readonly path: string;
  readonly cluster: Fields;
  readonly user: Fields;
}): Promise<Access> {
  refuseUnsupported(path, cluster, user);
  const server = textOf(cluster, 'server');
  if (server === null) throw faultOf('noServer', path);
  const tokenFile = textOf(user, 'tokenFile');
  const token = tokenFile === null ? textOf(user, 'token') : await fileOf(path, tokenFile);
  return {
    url: server.replace(/\/+$/, ''),
    token: token === null ? null : token.trim(),
    tls: {
      ca: await pemOf(path, cluster, 'certificate-authority'),
      cert: await pemOf(path, user, 'client-certificate'),
      key: await pemOf(path, user, 'client-key'),
      serverName: textOf(cluster, 'tls-server-name'),
      insecure: cluster['insecure-skip-tls-verify'] === true,
    },
  };
}

/** Anything that would run a program or change the way is told, not left out. */
function refuseUnsupported(path: string, cluster: Fields, user: Fields): void {
  if (user['exec'] !== undefined) throw faultOf('exec', path);
  if (user['auth-provider'] !== undefined) throw faultOf('authProvider', path);
  if (user['username'] !== undefined) throw faultOf('password', path);
  if (cluster['proxy-url'] !== undefined) throw faultOf('proxy', path);
}

async function parse(path: string): Promise<Fields> {
  // Only loaded where a kubeconfig is used: a pod has none, and is to stay small.
  const yaml = await import('yaml');
  const text = await fileOf(path, path);
  try {
    const document: unknown = yaml.parse(text);
    if (isFields(document)) return document;
  } catch {
    // The message of the parser quotes the text, and with it secrets.
  }
  throw faultOf('noKubeconfig', path);
}

function entryOf({
  path,
  document,
  list,
  name,
}: {
  readonly path: string;
  readonly document: Fields;
  readonly list: 'contexts' | 'clusters' | 'users';
  readonly name: string;
}): Fields {
  const entries: unknown = document[list];
  const found: unknown = Array.isArray(entries)
    ? entries.find((entry: unknown) => isFields(entry) && entry['name'] === name)
    : undefined;
  const inner = isFields(found) ? found[list.slice(0, -1)] : undefined;
  if (isFields(inner)) return inner;
  throw faultOf('noEntry', path, { list, name });
}

async function pemOf(path: string, fields: Fields, key: string): Promise<string | null> {
  const data = textOf(fields, `${key}-data`);
  if (data !== null) return Buffer.from(data, 'base64').toString();
  const file = textOf(fields, key);
  return file === null ? null : fileOf(path, file);
}

async function fileOf(kubeconfig: string, file: string): Promise<string> {
  try {
    return await readFile(resolve(dirname(kubeconfig), file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw faultOf('unreadable', file, { reason: code });
  }
}

function faultOf(key: StartFaultKey, file: string, values: MessageValues = {}): AccessFault {
  return new AccessFault(key, { file, ...values }, 'cluster.kubeconfig');
}

function textOf(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
