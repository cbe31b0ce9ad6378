import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/index.ts';
import { type Access, AccessFault, type InCluster, NO_TLS } from './access.ts';
import { readKubeconfig } from './kubeconfig.ts';

/** Tokens of pods are exchanged about each hour; the old one stays good for some minutes. */
const FRESH_FOR = 60_000;

export interface CredentialsSource {
  /** Where the API server is; goes before what the kubeconfig or the pod says. */
  readonly url: string | null;
  readonly kubeconfig: string | null;
  readonly inCluster: InCluster | null;
}

export interface Credentials {
  /** Not older than a minute; what was there before when the files can't be read any more. Throws `AccessFault`. */
  read(): Promise<Access>;
  /** Reads the files now: the server did not take the token. */
  renew(): Promise<Access>;
}

export function createCredentials(source: CredentialsSource, clock: Clock): Credentials {
  let known: Access | null = null;
  let readAt = 0;
  let reading: Promise<Access> | null = null;

  async function load(): Promise<Access> {
    try {
      known = await loadAccess(source);
    } catch (error) {
      // A Secret that is being exchanged is gone for a moment.
      if (known === null) throw error;
    }
    readAt = clock.now();
    return known;
  }

  function renew(): Promise<Access> {
    reading ??= load().finally(() => {
      reading = null;
    });
    return reading;
  }

  return {
    read: () => (known !== null && clock.now() - readAt < FRESH_FOR ? Promise.resolve(known) : renew()),
    renew,
  };
}

async function loadAccess({ url, kubeconfig, inCluster }: CredentialsSource): Promise<Access> {
  const access = await accessOf({ url, kubeconfig, inCluster });
  if (url === null) return checked(access, kubeconfig === null ? 'cluster.url' : 'cluster.kubeconfig');
  return checked({ ...access, url: url.replace(/\/+$/, '') }, 'cluster.url');
}

async function accessOf({ url, kubeconfig, inCluster }: CredentialsSource): Promise<Access> {
  if (kubeconfig !== null) return readKubeconfig(kubeconfig);
  if (inCluster !== null) return readPod(inCluster);
  if (url !== null) return { url, token: null, tls: NO_TLS };
  throw new AccessFault('nowhere', {}, null);
}

async function readPod({ host, port, directory }: InCluster): Promise<Access> {
  const [token, ca] = await Promise.all([podFile(directory, 'token'), podFile(directory, 'ca.crt')]);
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `https://${name}:${port}`, token: token.trim(), tls: { ...NO_TLS, ca } };
}

async function podFile(directory: string, name: string): Promise<string> {
  try {
    return await readFile(join(directory, name), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new AccessFault('podFile', { file: join(directory, name), reason: code }, null);
  }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function checked(access: Access, setting: 'cluster.url' | 'cluster.kubeconfig'): Access {
  const url = URL.canParse(access.url) ? new URL(access.url) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new AccessFault('badUrl', { url: access.url }, setting);
  }
  const isSecret = access.token !== null || access.tls.key !== null;
  if (url.protocol === 'http:' && isSecret && !LOOPBACK.test(url.hostname)) {
    throw new AccessFault('notEncrypted', { url: access.url }, setting);
  }
  return access;
}
