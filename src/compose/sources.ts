import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerConfig } from '../config/index.ts';
import type { ForgeCredentials } from '../forges/index.ts';
import type { ConfiguredSource } from '../intake/index.ts';

export interface GeneratedSecret {
  readonly file: string;
  readonly value: string;
}

/** The sources that the configuration gives. They are always there: what they have no secret for is refused. */
export function configuredSources(
  { github, gitlab }: Pick<ServerConfig, 'github' | 'gitlab'>,
  generated: GeneratedSecret | null,
): readonly ConfiguredSource[] {
  return [
    {
      name: 'github',
      forge: 'github',
      apiUrl: github.apiUrl,
      secrets: generated === null ? github.secrets : [{ label: 'generated', value: generated.value }],
      credentials: githubCredentials(github),
      repositories: github.repositories,
    },
    {
      name: 'gitlab',
      forge: 'gitlab',
      apiUrl: gitlab.apiUrl,
      secrets: [...gitlab.tokens, ...gitlab.signingTokens.map((secret) => ({ ...secret, kind: 'signing' as const }))],
      credentials: gitlab.token === null ? null : { kind: 'token', token: gitlab.token },
      repositories: gitlab.repositories,
    },
  ];
}

function githubCredentials({ app, token }: ServerConfig['github']): ForgeCredentials | null {
  if (app !== null) {
    return { kind: 'app', appId: app.id, privateKey: app.privateKey, installationId: app.installationId };
  }
  return token === null ? null : { kind: 'token', token };
}

/**
 * The secret that the first start makes, so that a hook can be set up at once; null where the configuration has one. With a database
 * of its own there may be other processes, which would each have another one in their data directories: then none is made, and
 * `funade source rotate github` makes one that all of them know.
 */
export async function generatedSecret(
  config: Pick<ServerConfig, 'github' | 'databaseUrl'>,
  folder: string,
): Promise<GeneratedSecret | null> {
  if (config.github.secrets.length > 0 || config.databaseUrl !== null) return null;
  const file = join(folder, 'github-webhook-secret');
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' }).catch(
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST') throw thrown;
    },
  );
  return { file, value: await readFile(file, 'utf8') };
}
