import { spawn } from 'node:child_process';
import { messageOf } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { objectIn } from './fields.ts';
import type { ClusterReader, Read } from './reader.ts';

export interface KubectlOptions {
  /** Name or path of the program. */
  readonly program: string;
  readonly context: string | null;
  readonly kubeconfig: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds for one question; `kubectl` itself gives up a little earlier, with a reason. */
const PATIENCE_MS = 30_000;
const MOST_OUTPUT = 64 * 1024 * 1024;

/** Asks through the user's own `kubectl`, so that every way to log in works that works there. */
export function createKubectl(options: KubectlOptions): ClusterReader {
  const flags = [
    ...(options.context === null ? [] : ['--context', options.context]),
    ...(options.kubeconfig === null ? [] : ['--kubeconfig', options.kubeconfig]),
    '--request-timeout=15s',
  ];
  const run = (args: readonly string[], input: string): Promise<Read> =>
    runKubectl([...flags, ...args], input, options);
  return {
    get: (path) => run(['get', '--raw', path], ''),
    ask: (path, body: JsonObject) => run(['create', '--raw', path, '-f', '-'], JSON.stringify(body)),
  };
}

function runKubectl(args: readonly string[], input: string, { program, environment }: KubectlOptions): Promise<Read> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += text;
        if (written[name].length > MOST_OUTPUT) child.kill('SIGKILL');
      });
    }
    // It may end without reading what it is given.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (error) => resolve({ kind: 'failed', detail: messageOf(error) }));
    child.on('close', (code, signal) => resolve(readOutcome(code === 0, written, signal)));
  });
}

function readOutcome(
  ok: boolean,
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
  signal: NodeJS.Signals | null,
): Read {
  if (!ok)
    return readRefusal(lastLine(stderr) || (signal === null ? 'kubectl ended without a word' : `kubectl: ${signal}`));
  try {
    const value = objectIn(JSON.parse(stdout));
    return value === null ? { kind: 'failed', detail: 'kubectl printed no object' } : { kind: 'found', value };
  } catch (thrown) {
    return { kind: 'failed', detail: messageOf(thrown) };
  }
}

function readRefusal(detail: string): Read {
  if (/\(NotFound\)|could not find the requested resource/u.test(detail)) return { kind: 'absent' };
  return { kind: /\(Forbidden\)|\bis forbidden\b/u.test(detail) ? 'forbidden' : 'failed', detail };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
