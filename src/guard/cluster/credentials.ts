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
  return checked(url === null ? access : { ...access, url: url.replace(/\/+$/, '') });
}

async function accessOf({ url, kubeconfig, inCluster }: CredentialsSource): Promise<Access> {
  if (kubeconfig !== null) return readKubeconfig(kubeconfig);
  if (inCluster !== null) return readPod(inCluster);
  if (url !== null) return { url, token: null, tls: NO_TLS };
  throw new AccessFault(
    'Nothing says where the API server is: this is no pod, and no kubeconfig is configured.',
    'Set cluster.kubeconfig or cluster.url.',
  );
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
    throw new AccessFault(
      `${join(directory, name)} can't be read (${code}).`,
      'Give the pod its service account token: automountServiceAccountToken: true.',
    );
  }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function checked(access: Access): Access {
  const url = URL.canParse(access.url) ? new URL(access.url) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new AccessFault(`"${access.url}" is no address of an API server.`, 'Write it as https://host:port.');
  }
  const isSecret = access.token !== null || access.tls.key !== null;
  if (url.protocol === 'http:' && isSecret && !LOOPBACK.test(url.hostname)) {
    throw new AccessFault(`${access.url} is not encrypted: credentials are not sent there.`, 'Use https://.');
  }
  return access;
}
