import { fileURLToPath } from 'node:url';
import type { AgentConfig } from '../../../config/index.ts';
import type { CommandOutcome, CommandRequest, Sandbox } from '../../../sandbox/index.ts';
import type { ModelAccess } from '../../model/session.ts';
import { boxEnvironment } from './environment.ts';

/** The relay has the ending of this very file: `.ts` in the repository, `.js` in the compiled package. */
const RELAY = fileURLToPath(new URL(`./relay.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url));
/** Programs of this package can be read like those of the system, also where it lies below `/tmp`, which a box has for itself. */
const PACKAGE = fileURLToPath(new URL('../../../../', import.meta.url));
/** Of a loopback on which nothing else listens. */
const PORT = 4141;
const MEGABYTE = 1024 * 1024;

export interface BoxMeans {
  readonly sandbox: Sandbox;
  readonly config: Pick<AgentConfig, 'network' | 'untrusted' | 'limits'>;
  /** Absolute paths that look empty inside: the data directory, credentials, files with secrets. */
  readonly hidden: readonly string[];
  /** PATH inside. */
  readonly path: string;
  /** Secret values that appear as `***` in the output. */
  readonly redact: () => readonly string[];
}

export interface BoxRun extends Pick<CommandRequest, 'timeout' | 'signal' | 'input' | 'onOutput' | 'owner'> {
  /** Text for `sh -e -c`. */
  readonly command: string;
  readonly cwd: string;
  readonly home: string;
  /** Beside what every box has; told where the model is, when it can be reached. */
  readonly env: (modelUrl: string | null) => Readonly<Record<string, string>>;
  readonly access: ModelAccess | null;
}

/** Why programs of an agent may not run here; null when they may. */
export function isolationMissing({ sandbox, config }: Pick<BoxMeans, 'sandbox' | 'config'>): string | null {
  const { tier, reason } = sandbox.isolation();
  return tier === 'C' && config.untrusted === 'refuse' ? reason : null;
}

/** Runs a command with the network, the limits and the sight of files that an agent has. */
export async function runInBox(
  { sandbox, config, hidden, path, redact }: BoxMeans,
  run: BoxRun,
): Promise<CommandOutcome> {
  const { access, command, cwd, home } = run;
  const shell = { shell: command };
  const hasOwnNetwork = config.network !== 'open' && sandbox.isolation().tier !== 'C';
  const isRelayed = access !== null && hasOwnNetwork;
  const port = isRelayed ? PORT : await access?.loopback();
  const url = access === null || port === undefined ? null : access.urlAt(port);
  const output = config.limits.output * MEGABYTE;
  return sandbox.run({
    command: isRelayed ? { argv: relayed(access.socket, command) } : shell,
    cwd,
    env: { ...boxEnvironment(path, home), ...run.env(url) },
    timeout: run.timeout,
    outputCap: output,
    outputLimit: output,
    input: run.input ?? '',
    network: hasOwnNetwork ? 'none' : 'host',
    writable: [cwd, home],
    readable: [PACKAGE, ...(isRelayed ? [access.socket, RELAY, process.execPath] : [])],
    hidden,
    memory: config.limits.memory,
    processes: config.limits.processes,
    redact: access === null ? redact() : [...redact(), access.token],
    owner: run.owner,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
    ...(run.onOutput === undefined ? {} : { onOutput: run.onOutput }),
  });
}

function relayed(socket: string, command: string): readonly string[] {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  return [...node, RELAY, socket, String(PORT), '--', '/bin/sh', '-e', '-c', command];
}
