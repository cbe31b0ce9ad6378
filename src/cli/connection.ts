import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadClientConfig, loadServerConfig } from '../config/index.ts';
import type { GlobalFlags } from './flags.ts';
import { loadOptions, settingsError } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** Where the server is and how this person proves who they are. */
export interface Connection {
  /** Address without a slash at its end. */
  readonly server: string;
  readonly token: string | null;
  /** The file that the token would come from on the server's own machine. */
  readonly tokenFile: string;
  readonly dataDir: string;
}

/**
 * `--server`, then FUNADE_SERVER, then the address that this environment gives the server on this machine. The owner's
 * token is read from the data directory and only ever sent to this very machine.
 */
export async function findConnection(flags: GlobalFlags, terminal: Terminal): Promise<Connection> {
  const options = loadOptions(terminal, {
    server: flags.server ?? undefined,
    lang: flags.language ?? undefined,
  });
  const loaded = loadClientConfig(options);
  if (!loaded.ok) throw settingsError(options, loaded.error);
  const server = loaded.value.server.replace(/\/+$/u, '');
  const dataDir = resolve(terminal.directory, dataDirOf(terminal));
  const tokenFile = join(dataDir, 'secrets', 'owner-token');
  const token = loaded.value.token ?? (isLoopback(server) ? await readToken(tokenFile) : null);
  return { server, token, tokenFile, dataDir };
}

export function isLoopback(server: string): boolean {
  const { hostname } = new URL(server);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Faults of the server's own settings are the server's to tell: a command only wants to know where its data is. */
function dataDirOf(terminal: Terminal): string {
  const loaded = loadServerConfig(loadOptions(terminal, {}));
  return loaded.ok ? loaded.value.dataDir : terminal.environment['FUNADE_DATA_DIR'] || '.funade';
}

async function readToken(file: string): Promise<string | null> {
  try {
    const token = (await readFile(file, 'utf8')).trim();
    return token === '' ? null : token;
  } catch {
    return null; // the server then says what is missing and how to get it
  }
}
