import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LoadOptions, type ServerConfig, loadServerConfig } from '../config/index.ts';
import { maskedSource } from './masked-source.ts';
import { SourceError } from './source-error.ts';
import type { Terminal } from './terminal.ts';

type FlagValues = LoadOptions['flags'];

/** What the configuration room needs to read settings, with files found from where the command was typed. */
export function loadOptions(terminal: Terminal, flags: FlagValues): LoadOptions {
  return {
    flags,
    env: terminal.environment,
    readFile: (name) => readIfThere(resolve(terminal.directory, name)),
  };
}

/** The server's settings with an absolute data directory, or every fault in them at once. */
export function readServerConfig(terminal: Terminal, flags: FlagValues): ServerConfig {
  const options = loadOptions(terminal, flags);
  const loaded = loadServerConfig(options);
  if (loaded.ok) return { ...loaded.value, dataDir: resolve(terminal.directory, loaded.value.dataDir) };
  throw settingsError(options, loaded.error);
}

export function settingsError(options: LoadOptions, faults: ConstructorParameters<typeof SourceError>[2]): SourceError {
  const named = options.flags['config'] ?? options.env['FUNADE_CONFIG'] ?? 'funade.config.yaml';
  const file = faults.find((fault) => fault.file !== undefined)?.file ?? String(named);
  return new SourceError(file, maskedSource(sourceOf(options, file)), faults, 'FUN_SETTINGS_INVALID');
}

function sourceOf(options: LoadOptions, file: string): string {
  try {
    return options.readFile(file) ?? '';
  } catch {
    return ''; // the fault itself already says that the file can't be read
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
