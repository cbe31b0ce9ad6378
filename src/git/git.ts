import { spawn } from 'node:child_process';
import { FunadeError, messageOf } from '../kernel/index.ts';

/** Bytes of standard output that are read where a call names no other limit. */
const LARGEST_ANSWER = 64 * 1024 * 1024;
const LONGEST_COMPLAINT = 8192;

export interface GitCall {
  readonly args: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Bytes of standard output after which git is ended, and the rest is not known; 64 MB. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface GitResult {
  /** -1 when git was ended by a signal. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** It had more to say than the limit; `stdout` is as long as that. */
  readonly truncated: boolean;
}

/** Runs git. An exit code is a result; throws `FUN_GIT_MISSING`, or the reason of an aborted signal. */
export type Git = (call: GitCall) => Promise<GitResult>;

export interface GitOptions {
  readonly program: string;
  /** Configuration file that replaces the user's. */
  readonly configFile: string;
  /** Further variables (PATH, SSH_AUTH_SOCK, HTTPS_PROXY …); nothing else is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

export function createGit({ program, configFile, environment }: GitOptions): Git {
  const fixed = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...environment,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: configFile,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=15',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_ATTR_NOSYSTEM: '1',
  };
  return (call) => runGit(program, { ...call, env: { ...fixed, ...call.env } });
}

function runGit(program: string, call: GitCall): Promise<GitResult> {
  const { args, timeout, env, input, signal, limit = LARGEST_ANSWER } = call;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: '/', env: { ...env }, detached: true, stdio: 'pipe' });
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = '';
    let timedOut = false;
    const end = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeout);
    signal?.addEventListener('abort', end, { once: true });
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      if (size < limit) chunks.push(chunk.subarray(0, limit - size));
      size += chunk.length;
      if (size > limit) end();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-LONGEST_COMPLAINT);
    });
    child.stdin.on('error', () => {}); // git ended without reading everything
    child.stdin.end(input ?? '');
    child.once('error', (cause) => {
      finish();
      reject(new FunadeError('FUN_GIT_MISSING', { reason: messageOf(cause) }, { cause }));
    });
    child.once('close', (code) => {
      finish();
      if (signal?.aborted === true && code !== 0) return reject(signal.reason);
      resolve({ code: code ?? -1, stdout: Buffer.concat(chunks), stderr, timedOut, truncated: size > limit });
    });
  });
}

/** git starts helpers (ssh, git-remote-https, upload-pack); they end with it. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown; // already gone
  }
}
