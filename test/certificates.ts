import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Leaf {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Hexadecimal, as Node tells it of a peer. */
  readonly serial: string;
}

export interface Authority {
  /** PEM, for clients that trust it. */
  readonly cert: string;
  issue(wishes?: LeafWishes): Promise<Leaf>;
  remove(): Promise<void>;
}

export interface LeafWishes {
  /** `DNS:guard.funade.svc`; by default `localhost` and 127.0.0.1. */
  readonly names?: readonly string[];
  /** Until it ends; below zero: it ended before it began. */
  readonly days?: number;
  readonly key?: 'ecdsa' | 'rsa';
}

/** A certificate authority on ECDSA P-256, made with the `openssl` program in a folder of its own. */
export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-ca-'));
  const at = (name: string) => join(folder, name);
  await openssl(
    'req',
    '-x509',
    ...newKey('ecdsa'),
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-subj',
    '/CN=Test CA',
    '-days',
    '30',
  );
  let issued = 0;
  return {
    cert: await readFile(at('ca.crt'), 'utf8'),
    issue: async ({ names = ['DNS:localhost', 'IP:127.0.0.1'], days = 30, key = 'ecdsa' } = {}) => {
      issued += 1;
      const own = (name: string) => at(`${issued}-${name}`);
      const [keyFile, request, certFile, extensions] = [own('key'), own('csr'), own('crt'), own('ext')];
      await writeFile(extensions, `subjectAltName=${names.join(',')}\n`);
      await openssl('req', '-new', ...newKey(key), '-keyout', keyFile, '-out', request, '-subj', '/CN=guard');
      const by = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-set_serial', String(100_000 + issued)];
      const what = ['-in', request, '-out', certFile, '-days', String(days), '-extfile', extensions];
      await openssl('x509', '-req', ...by, ...what);
      const cert = await readFile(certFile, 'utf8');
      return { cert, key: await readFile(keyFile, 'utf8'), serial: new X509Certificate(cert).serialNumber };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function newKey(kind: 'ecdsa' | 'rsa'): readonly string[] {
  const algorithm = kind === 'ecdsa' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] : ['rsa:2048'];
  return ['-newkey', ...algorithm, '-nodes'];
}

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', [...args]);
}

/** A directory as a mounted Secret: files are links into `..data`, which is swapped as a whole. */
export interface SecretVolume {
  readonly directory: string;
  put(pair: Pick<Leaf, 'cert' | 'key'>): Promise<void>;
  remove(): Promise<void>;
}

export async function createSecretVolume(): Promise<SecretVolume> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-secret-'));
  let version = 0;
  return {
    directory,
    put: async ({ cert, key }) => {
      version += 1;
      const before = `..v${version - 1}`;
      const name = `..v${version}`;
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'tls.crt'), cert);
      await writeFile(join(directory, name, 'tls.key'), key);
      await symlink(name, join(directory, '..data_tmp'));
      await rename(join(directory, '..data_tmp'), join(directory, '..data'));
      if (version === 1)
        for (const file of ['tls.crt', 'tls.key']) await symlink(join('..data', file), join(directory, file));
      await rm(join(directory, before), { recursive: true, force: true });
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
