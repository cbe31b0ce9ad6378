import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Commit, type Repository, createRepository } from '../demo/repository.ts';

/** Weights that a deployment to each environment goes through, as the configuration below says. */
export const PLANNED: Readonly<Record<string, readonly number[]>> = {
  staging: [25, 50, 75, 100],
  production: [10, 25, 50, 75, 100],
};

/**
 * `good` answers; `bad` fails every second request in production; `late` starts to fail while it bakes; `crashing` is
 * healthy when it is ready and ends its process once it takes traffic.
 */
export type Kind = 'good' | 'bad' | 'late' | 'crashing';

export interface Push {
  readonly commit: Commit;
  readonly kind: Kind;
  readonly approval: boolean;
}

export interface Application {
  readonly name: string;
  readonly directory: string;
  /** Commits the next release. */
  commit(kind: Kind, approval: boolean): Promise<Push>;
}

/** A real repository whose every commit is a small application that behaves as its kind says. */
export async function createApplication(name: string, folder: string): Promise<Application> {
  const directory = join(folder, 'repository');
  const template = join(folder, 'template');
  await mkdir(template);
  await writeFile(join(template, 'README.md'), `${name}\n`);
  const repository: Repository = await createRepository(template, directory);
  let number = 0;
  return {
    name,
    directory,
    commit: async (kind, approval) => {
      number += 1;
      await writeFile(join(directory, 'funade.yaml'), configurationOf(name, approval));
      await writeFile(join(directory, 'index.js'), handlerOf(kind, number));
      return { commit: await repository.commit(null), kind, approval };
    },
  };
}

function configurationOf(app: string, approval: boolean): string {
  const approve = approval ? '\n  - approve: { by: [approver], quorum: 1, within: 1h }' : '';
  return `version: 1
app: ${app}
on: { branches: [main] }
functions:
  web: { runtime: nodejs, handler: index.handler, route: /, concurrency: 32, timeout: 30s }
pipeline:
  - validate: sleep 0.3
  - build: { run: 'true', artifact: . }
  - deploy: { to: staging, name: deploy staging }
  - verify: { in: staging, http: /, expect: { status: 200 } }${approve}
  - deploy: { to: production, name: deploy production }
environments:
  staging: { target: functions, strategy: rolling }
  production:
    target: functions
    strategy:
      canary:
        steps: [10, { pause: 500ms }, 25, 50, 75]
        bake: 3s
    analysis:
      - { metric: error-rate, max: 5%, interval: 1s, minSamples: 8 }
`;
}

/** The caller names in the query which commits fail or crash, so that a release can turn bad at any moment. */
function handlerOf(kind: Kind, number: number): string {
  return `// release ${number}
const isBad = ${kind === 'bad'} && process.env.FUNADE_ENVIRONMENT === 'production';
const commit = process.env.FUNADE_COMMIT;
let served = 0;

export async function handler(event) {
  const asked = event.queryStringParameters ?? {};
  served += 1;
  if (asked.crash?.includes(commit)) process.exit(3);
  if (asked.fail?.includes(commit) || (isBad && served % 2 === 0)) throw new Error('release ${number} is broken');
  return { statusCode: 200, body: commit };
}
`;
}
