import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import { type Code, KIT, type Language, type LanguageStatus } from './language.ts';
import { findPythonModule } from './python-handler.ts';

const run = promisify(execFile);
const OLDEST = [3, 11] as const;
const INSTALL = 'apt-get install python3';
const PLACES = ['/usr/bin/python3', '/usr/local/bin/python3', '/opt/homebrew/bin/python3'];
const QUESTION =
  'import json,sys,os; print(json.dumps([list(sys.version_info[:3]), os.path.realpath(sys.executable), sys.base_prefix]))';

interface Interpreter {
  readonly program: string;
  readonly version: string;
  /** Its own files, where they are not the system's. */
  readonly prefix: string | null;
}

/** Python: the system's interpreter, 3.11 or newer. */
export function createPython(kit: () => Promise<string>, places: readonly string[] = PLACES): Language {
  let found: Promise<Interpreter | LanguageStatus> | undefined;
  const find = () => (found ??= findInterpreter(places, kit));
  return {
    name: 'python',
    isGeneric: true,
    source: { file: 'index.py', handler: 'index.handler' },
    scriptFile: 'script.py',
    status: async () => {
      const interpreter = await find();
      return 'available' in interpreter ? interpreter : { available: true, version: interpreter.version };
    },
    check: checkHandler,
    build: ({ directory, handler }) => Promise.resolve({ directory, handler }),
    start: async () => {
      const interpreter = await find();
      if ('available' in interpreter) throw unavailable(interpreter);
      const { program, prefix } = interpreter;
      return {
        argv: [program, ...FLAGS, `${KIT}/python/worker.py`],
        env: ENVIRONMENT,
        mounts: [{ path: KIT, source: await kit() }, ...(prefix === null ? [] : [{ path: prefix, source: prefix }])],
      };
    },
  };
}

/** Isolated from environment and user site, without `site`, writing no byte code: what starts fastest. */
const FLAGS = ['-I', '-S', '-B', '-X', 'utf8'];
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', TZ: ':UTC', LANG: 'C.UTF-8' };

async function findInterpreter(
  places: readonly string[],
  kit: () => Promise<string>,
): Promise<Interpreter | LanguageStatus> {
  let reason = 'python3 is not installed';
  for (const place of places) {
    if (!(await isFile(place))) continue;
    try {
      const { stdout } = await run(place, ['-I', '-c', QUESTION], { timeout: 10_000, env: {} });
      const [version, program, base] = JSON.parse(stdout) as [readonly [number, number, number], string, string];
      const [major, minor] = version;
      if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
        reason = `python3 at ${place} is ${version.join('.')}; ${OLDEST.join('.')} or newer is needed`;
        continue;
      }
      await compile(program, join(await kit(), 'python'));
      const prefix = await realpath(base);
      return { program, version: version.join('.'), prefix: isSystem(prefix) ? null : prefix };
    } catch (thrown) {
      reason = `python3 at ${place} does not run: ${messageOf(thrown)}`;
    }
  }
  return { available: false, reason, fix: INSTALL };
}

/** Byte code of the worker, checked by content and not by time: the kit may be copied. */
async function compile(program: string, directory: string): Promise<void> {
  const flags = ['-I', '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', directory];
  await run(program, flags, { timeout: 30_000, env: {} });
}

function checkHandler({ directory, handler, form }: Code): string | null {
  return form === 'script' ? null : findPythonModule(directory, handler);
}

function unavailable(status: LanguageStatus): FunadeError {
  const reason = status.available ? '' : `${status.reason}; ${status.fix}`;
  return new FunadeError('FUN_COMMAND_NOT_STARTED', { command: 'python3', reason });
}

function isSystem(prefix: string): boolean {
  return prefix === '/usr' || prefix.startsWith('/usr/');
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
