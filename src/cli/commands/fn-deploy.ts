import { type DeployFunctionRequest, deployFunctionAnswer } from '../../api/contract/index.ts';
import { type Fault, FunadeError, describeError } from '../../kernel/index.ts';
import { ProblemError, segment } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { renderDeployed, weightsText } from '../render/fn-lists.ts';
import { renderProblem } from '../render/problem.ts';
import { type AddCommand, given, textOption } from '../shell.ts';
import { collect } from './fn-arguments.ts';
import { type ReadCode, readCode } from './fn-code.ts';
import { withoutGaps } from './fn-guess.ts';
import { aliasNameOf, functionNameOf } from './fn-names.ts';
import { type Pointing, pointAlias, pointCommand } from './fn-point.ts';
import { type Settings, faultsOf, placed, readSettings } from './fn-settings.ts';

/** `funade fn deploy <name> [path]`: publishes code and settings as a version. */
export const addFnDeploy: AddCommand = (parent, { text, action }) => {
  parent
    .command('deploy')
    .description(text('about.fn.deploy'))
    .argument('<name>', text('arg.function'))
    .argument('[path]', text('arg.code'))
    .option('--runtime <runtime>', text('option.runtime'))
    .option('--handler <handler>', text('option.handler'))
    .option('--memory <megabytes>', text('option.memory'))
    .option('--timeout <duration>', text('option.fnTimeout'))
    .option('--concurrency <count>', text('option.concurrency'))
    .option('--env <key=value>', text('option.env'), collect)
    .option('--egress <host:port>', text('option.egress'), collect)
    .option('--route <path>', text('option.route'))
    .option('--config <file>', text('option.fnConfig'))
    .option('--description <text>', text('option.description'))
    .option('--alias <alias>', text('option.alias'))
    .option('--trusted', text('option.trusted'))
    .action(
      action(async (context, invocation) => {
        const name = functionNameOf(context, invocation);
        const named = textOption(invocation, 'alias');
        const alias = named === undefined ? undefined : aliasNameOf(context, named);
        const path = invocation.args[1] ?? '.';
        const settings = await readSettings(context, invocation);
        if (settings.file?.values === null) return refuse(context, { name, settings, faults: settings.faults });
        const { runtime } = settings.values;
        const question = { name, path, runtime: typeof runtime === 'string' ? runtime : undefined };
        const code = await readCode(context, question);
        const config = configOf(settings, code);
        const checked = withoutGaps(config, { path, guess: code.guess, text });
        const found = [...checked.faults, ...faultsOf(checked.config, context.language)];
        const faults = [...settings.faults, ...found.map((fault) => placed(settings, fault))];
        if (faults.length > 0) return refuse(context, { name, settings, faults });
        const description = textOption(invocation, 'description');
        const order = { name, body: { config, code: code.code, ...given({ description }) } };
        try {
          return await deploy(context, order, alias);
        } catch (thrown) {
          if (!(thrown instanceof ProblemError) || thrown.problem.errors.length === 0) throw thrown;
          return tellServerFaults(context, thrown, { settings, code });
        }
      }),
    );
};

interface Order {
  readonly name: string;
  readonly body: DeployFunctionRequest;
}

async function deploy(context: Context, { name, body }: Order, alias: string | undefined): Promise<ExitCode> {
  const client = await context.client();
  const path = `/api/v1/functions/${segment(name)}`;
  const deployed = await client.put(path, body, { schema: deployFunctionAnswer });
  const { version, isNew } = deployed;
  const told = { name, version: `v${version.number}` };
  context.note(context.text(isNew ? 'told.functionDeployed' : 'told.functionKnown', told));
  const weights = [{ version: String(version.number), weight: 100 }];
  const pointed = alias === undefined ? null : await pointDeployed(context, { name, alias, weights });
  context.show({ ...deployed, alias: pointed }, (screen) => renderDeployed(deployed, screen));
  return EXIT.ok;
}

/** The version stays when its alias can't be pointed: the commands that are left to do say so. */
async function pointDeployed(context: Context, pointing: Pointing) {
  try {
    const alias = await pointAlias(context, pointing);
    const told = { alias: `${alias.function}:${alias.name}`, weights: weightsText(alias.weights) };
    context.note(context.text('told.aliasPointed', told));
    return alias;
  } catch (thrown) {
    if (!(thrown instanceof ProblemError)) throw thrown;
    const again = { command: pointCommand(pointing), why: context.text('fn.deployedNotPointed') };
    throw new ProblemError({ ...thrown.problem, next: [...thrown.problem.next, again] }, thrown.details);
  }
}

/** Nothing was sent yet. */
function refuse(
  context: Context,
  { name, settings, faults }: { readonly name: string; readonly settings: Settings; readonly faults: readonly Fault[] },
): ExitCode {
  const invalid = new FunadeError('FUN_FUNCTION_INVALID', { name, count: faults.length }, { faults });
  return tellFaults(context, invalid, sourceOfSettings(settings));
}

/** Settings as they were given; what is left out is what the code tells, else the server's default. */
function configOf({ values }: Settings, { guess: { runtime, handler } }: ReadCode): Readonly<Record<string, unknown>> {
  const isGuessed = values['runtime'] === undefined || values['runtime'] === runtime;
  return isGuessed ? { ...given({ runtime, handler }), ...values } : values;
}

async function tellServerFaults(
  context: Context,
  { problem, details }: ProblemError,
  { settings, code }: { readonly settings: Settings; readonly code: ReadCode },
): Promise<ExitCode> {
  const sources = new Map(sourceOfSettings(settings));
  const errors: Fault[] = [];
  for (const fault of problem.errors) {
    if (fault.file === undefined) {
      errors.push(placed(settings, fault));
      continue;
    }
    const { file, text } = await code.locate(fault.file);
    if (text !== null) sources.set(file, text);
    errors.push({ ...fault, file });
  }
  return tellFaults(context, new ProblemError({ ...problem, errors } as typeof problem, details), sources);
}

function sourceOfSettings({ file }: Settings): ReadonlyMap<string, string> {
  return new Map(file === null ? [] : [[file.name, file.text]]);
}

/** Every fault with the line that it stands on, where that is at hand; everything else is told as any other error. */
function tellFaults(
  context: Context,
  thrown: FunadeError | ProblemError,
  sources: ReadonlyMap<string, string>,
): ExitCode {
  if (context.flags.json || sources.size === 0) throw thrown;
  const screen = context.screen(context.terminal.stderr);
  const problem = thrown instanceof ProblemError ? thrown.problem : problemOf(thrown, context);
  context.terminal.stderr.write(`${renderProblem(problem, screen, sources).join('\n')}\n`);
  return thrown.exitCode as ExitCode;
}

function problemOf(error: FunadeError, { language }: Context) {
  const { message, fix } = describeError(error, language);
  return { code: error.code, detail: message, fix, errors: error.faults, next: error.next };
}
