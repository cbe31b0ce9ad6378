import { isTestFile } from './house.ts';
import { type Rule, type RuleContext, pathOf } from './rule.ts';

const SHELL_MEMBERS = new Set(['exit', 'exitCode', 'abort', 'stdout', 'stderr', 'stdin', 'argv']);
const ENVIRONMENT_MEMBERS = new Set(['env', 'loadEnvFile']);
const MODULES = new Set(['process', 'node:process', 'console', 'node:console']);

const SHELL_MESSAGE =
  'Only cli/ and main.ts talk to the terminal and end the process: return a value, throw a FunadeError, or take a logger.';
const ENVIRONMENT_MESSAGE = 'Only config/ reads the environment: take the value as a parameter.';

interface Rights {
  readonly shell: boolean;
  readonly environment: boolean;
}

/** The terminal, the exit code and the environment belong to the shell of the program. */
export const noProcessOutsideShell: Rule = {
  meta: { type: 'problem', docs: { description: 'console, process.exit and process.env only in the shell.' } },
  create(context) {
    const rights = rightsOf(pathOf(context));
    if (rights.shell && rights.environment) return {};
    return {
      'Program:exit'() {
        for (const { identifier } of globalReferences(context, 'console')) {
          if (!rights.shell) context.report({ node: identifier, message: SHELL_MESSAGE });
        }
        for (const { identifier } of globalReferences(context, 'process')) {
          const message = membersRead(identifier.parent).map((name) => messageFor(rights, name));
          const first = message.find((text) => text !== null);
          if (first !== undefined && first !== null) context.report({ node: identifier, message: first });
        }
      },
      ImportDeclaration(node) {
        if (!MODULES.has(node.source.value)) return;
        context.report({ node, message: 'Use the globals process and console, so that this rule sees what is read.' });
      },
    };
  },
};

/** Programs of their own: what runs inside an instance or an agent's box, what prepares it, and the process that starts instances. */
const PROGRAMS = [
  /^src\/functions\/runtimes\/nodejs\//,
  /^src\/functions\/languages\/strip-types\.ts$/,
  /^src\/sandbox\/workers\/spawner\.ts$/,
  /^src\/agent\/runners\/command\/relay\.ts$/,
];

function rightsOf(path: string): Rights {
  const outside = !path.startsWith('src/') || isTestFile(path) || PROGRAMS.some((program) => program.test(path));
  return {
    shell: outside || path === 'src/main.ts' || path.startsWith('src/cli/'),
    environment: outside || path.startsWith('src/config/'),
  };
}

function messageFor(rights: Rights, member: string): string | null {
  if (!rights.shell && SHELL_MEMBERS.has(member)) return SHELL_MESSAGE;
  return !rights.environment && ENVIRONMENT_MEMBERS.has(member) ? ENVIRONMENT_MESSAGE : null;
}

type Reference = NonNullable<RuleContext['sourceCode']['scopeManager']['globalScope']>['through'][number];
type Parent = Reference['identifier']['parent'];

/** Uses of a global: names that no scope of the file declares. */
function globalReferences(context: RuleContext, name: string): readonly Reference[] {
  const scope = context.sourceCode.scopeManager.globalScope;
  if (scope === null) return [];
  const declared = scope.set.get(name);
  const known = declared === undefined || declared.defs.length > 0 ? [] : declared.references;
  return [...scope.through, ...known].filter(({ identifier }) => identifier.name === name);
}

/** The members that `process.env`, `process['env']` or `const { env } = process` reads. */
function membersRead(parent: Parent): readonly string[] {
  if (parent.type === 'MemberExpression') return [nameOf(parent.property)].filter((name) => name !== undefined);
  if (parent.type !== 'VariableDeclarator' || parent.id.type !== 'ObjectPattern') return [];
  return parent.id.properties
    .map((property) => (property.type === 'Property' ? nameOf(property.key) : undefined))
    .filter((name) => name !== undefined);
}

function nameOf(key: { readonly type: string; readonly name?: unknown; readonly value?: unknown }): string | undefined {
  const name = key.type === 'Literal' ? key.value : key.name;
  return typeof name === 'string' ? name : undefined;
}
