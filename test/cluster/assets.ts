/** The programs of a control plane, as envtest lays them out: one directory, named by KUBEBUILDER_ASSETS. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** Told in place of the tests where there are no programs. */
export const SKIPPED = [
  '',
  '!! test:cluster was SKIPPED: KUBEBUILDER_ASSETS is not set, so the guard was NOT tested against a real API server.',
  '!! docs/how-to/test-against-a-real-api-server.md says how to get etcd and kube-apiserver; then:',
  '!!   KUBEBUILDER_ASSETS=/path/to/assets npm run test:cluster',
  '',
].join('\n');

export interface Assets {
  readonly etcd: string;
  readonly apiServer: string;
  /** `null`: the directory has none; scenarios with controllers are skipped, and told. */
  readonly controllerManager: string | null;
  /** `v1.20.2` */
  readonly version: string;
  readonly minor: number;
}

/** The directory that KUBEBUILDER_ASSETS names; `null`: not set. */
export function assetsDirectory(): string | null {
  const directory = process.env['KUBEBUILDER_ASSETS'];
  return directory === undefined || directory === '' ? null : directory;
}

/** Throws when a program is missing: a directory that was named has to be complete. */
export async function readAssets(directory: string): Promise<Assets> {
  const [etcd, apiServer] = [join(directory, 'etcd'), join(directory, 'kube-apiserver')];
  const missing = [etcd, apiServer].filter((program) => !existsSync(program));
  if (missing.length > 0) throw new Error(`KUBEBUILDER_ASSETS lacks ${missing.join(' and ')}`);
  const controllerManager = join(directory, 'kube-controller-manager');
  const { stdout } = await runFile(apiServer, ['--version']);
  const found = /v1\.(?<minor>\d+)\.\S+/.exec(stdout);
  if (found === null) throw new Error(`kube-apiserver --version says "${stdout.trim()}"`);
  return {
    etcd,
    apiServer,
    controllerManager: existsSync(controllerManager) ? controllerManager : null,
    version: found[0],
    minor: Number(found.groups?.['minor']),
  };
}

/** The flags of a list that this version of a program knows: they come and go between versions. */
export async function knownFlags(program: string, flags: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await runFile(program, ['--help'], { maxBuffer: 16 * 1024 * 1024 });
  const help = `${stdout}${stderr}`;
  return flags.filter((flag) => help.includes(`${flag.split('=')[0]} `) || help.includes(`${flag.split('=')[0]}\n`));
}
