import { type ChildProcess, spawn } from 'node:child_process';
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { sleep } from '../../../../kernel/index.ts';

export interface Program {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly home: string;
}

/** Milliseconds that a server gets to end by itself when its input has ended, and then after SIGTERM. */
const GRACE = 500;

/**
 * Standard input and output of a program, as the SDK's transport, but in a process group of its own that is ended as a whole: what
 * starts a server (`npx`, a shell) is often not the server, and the SDK ends only the former.
 */
export class GroupTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #program: Program;
  readonly #buffer = new ReadBuffer();
  #child: ChildProcess | null = null;
  /** Its leader has ended, and with it the group: from then on the number may belong to somebody else. */
  #over = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(program: Program) {
    this.#program = program;
  }

  start(): Promise<void> {
    const { command, environment, home } = this.#program;
    const [program = '', ...args] = command;
    const env = { ...getDefaultEnvironment(), HOME: home, ...environment };
    const child = spawn(program, args, { env, cwd: home, detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    child.once('exit', () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      this.#over = true;
    });
    child.once('close', () => this.onclose?.());
    child.stdin?.on('error', (error) => this.onerror?.(error));
    child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
    return new Promise((resolve, reject) => {
      child.once('spawn', () => resolve());
      child.once('error', reject);
    });
  }

  #receive(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk);
    } catch (thrown) {
      this.onerror?.(thrown as Error); // more than the buffer holds, without an end of line
      void this.close();
      return;
    }
    for (;;) {
      try {
        const message = this.#buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (thrown) {
        this.onerror?.(thrown as Error); // a line that is no message is passed over
      }
    }
  }

  send(message: JSONRPCMessage): Promise<void> {
    const input = this.#child?.stdin;
    if (input === null || input === undefined || !input.writable)
      return Promise.reject(new Error('the server has ended'));
    return new Promise((resolve, reject) => {
      input.write(serializeMessage(message), (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** Resolves when nothing of the group runs any more. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    child.stdin?.end();
    await Promise.race([this.#ended, sleep(GRACE)]);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (this.#over) break;
      signalGroup(child.pid, signal);
      await Promise.race([this.#ended, sleep(GRACE)]);
    }
    child.stdout?.destroy();
    this.#buffer.clear();
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}
