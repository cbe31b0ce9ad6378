import type { Command } from 'commander';
import type { Server } from '../../compose.ts';
import {
  type ServerConfig,
  type SettingOption,
  attributeOf,
  guardOptions,
  podApiOf,
  roleAskedFor,
  serverOptions,
} from '../../config/index.ts';
import { roles } from '../../roles.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../flags.ts';
import { readServerConfig } from '../settings.ts';
import { renderPollReport } from '../render/poll-report.ts';
import type { AddCommand, Invocation, Shell } from '../shell.ts';
import { readGuardConfig } from './guard-settings.ts';

/** Flags that every command has, and settings that only commands read. */
const GLOBAL = new Set(['--lang', '--server']);

const SAME_INTERRUPT_MS = 1000;
const START_WITHIN_MS = 60_000;

/** `funade serve`: runs the server until it is asked to end. */
export const addServe: AddCommand = (parent, shell) => addServer(parent, shell, 'serve');

export function addServer(parent: Command, { text, action, language }: Shell, name: 'serve' | 'up'): void {
  const command = parent.command(name).description(text(`about.${name}`));
  const known = new Set<string>(GLOBAL);
  // Settings of the guard come last: those of its flags that the others have too are described there.
  for (const option of [...serverOptions, ...guardOptions] as readonly SettingOption[]) {
    const flags = option.flags.filter((flag) => !known.has(flag));
    const [first] = option.flags;
    for (const flag of flags) {
      known.add(flag);
      const isFirst = flag === first || first === undefined;
      command.option(`${flag} <value>`, isFirst ? option.doc[language] : text('option.sameAs', { flag: first }));
    }
  }
  command.option('--watch', text('option.watchPolling'));
  command.action(action((context, invocation) => run(context, invocation, { openDashboard: name === 'up' })));
}

async function run(
  context: Context,
  invocation: Invocation,
  { openDashboard }: { readonly openDashboard: boolean },
): Promise<ExitCode> {
  const { terminal, flags } = context;
  const asked = roleAskedFor({ flags: invocation.options, env: terminal.environment });
  checkFlags(context, invocation, asked === 'guard');
  if (asked === 'guard') return await serveAdmission(context, invocation);
  const config = readServerConfig(terminal, { ...invocation.options, lang: flags.language ?? undefined });
  // Then `--config` was the file of the server.
  if (config.role === 'guard') return await serveAdmission(context);
  // Loaded here, so that no other command waits for the rooms of the server to load.
  const { serve } = await import('../../compose.ts');
  const interrupt = interruptOf(context);
  const watch = invocation.options['watch'] === true;
  const looksOnce = config.role === 'producer' && !watch;
  // Nobody asks it anything, and another process of this machine may have the port.
  const server = await serve({
    config: looksOnce ? { ...config, port: 0 } : config,
    openDashboard,
    watch,
    // Started by cron, it must not wait for a database for ever.
    signal: looksOnce ? AbortSignal.any([interrupt, AbortSignal.timeout(START_WITHIN_MS)]) : interrupt,
  });
  if (looksOnce) return await lookOnce(context, server);
  announce(context, server, config);
  await aborted(interrupt);
  context.note(context.text('told.serverStopping'));
  await server.stop();
  return EXIT.ok;
}

/** The guard has flags of its own; one that means nothing for the role is refused, not passed over. */
function checkFlags({ text }: Context, { options }: Invocation, isGuard: boolean): void {
  const [own, others] = [flagsOf(guardOptions), flagsOf(serverOptions)];
  const known = isGuard ? new Set([...own, '--role', '--mode']) : new Set([...others, '--watch']);
  for (const flag of [...own, ...others, '--watch']) {
    if (known.has(flag) || options[attributeOf(flag)] === undefined) continue;
    throw usage(text(isGuard ? 'usage.notForGuard' : 'usage.guardOnly', { value: flag }));
  }
}

function flagsOf(options: readonly SettingOption[]): readonly string[] {
  return options.flatMap(({ flags }) => flags);
}

/** The guard has settings of its own (`GUARD_…`) and needs no database, so that nothing else of the server is loaded. */
async function serveAdmission(context: Context, invocation?: Invocation): Promise<ExitCode> {
  const { text, note, flags, json, terminal, language } = context;
  const config = readGuardConfig(context, invocation);
  const { serveGuard } = await import('../../guard/index.ts');
  const interrupt = interruptOf(context);
  const guard = await serveGuard({ config, language, podApi: podApiOf(terminal.environment) });
  const { admissionAddress, healthAddress } = guard;
  if (flags.json) json({ status: 'started', admissionAddress, healthAddress });
  const { profile, server } = config;
  if (admissionAddress === null) note(text('told.guardWaits', { profile, directory: server.certificates }));
  else note(text('told.guardStarted', { profile, admission: admissionAddress }));
  note(text('told.guardHealth', { health: healthAddress }));
  await aborted(interrupt);
  note(text('told.serverStopping'));
  await guard.stop();
  return EXIT.ok;
}

/** Ends with Ctrl-C, or with a polite request to end. */
function interruptOf({ terminal }: Context): AbortSignal {
  const interrupt = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    // Later ones end the process at once; one within this time is the same, which the launcher passed on as well.
    setTimeout(stopListening, SAME_INTERRUPT_MS).unref();
    interrupt.abort();
  });
  return interrupt.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** One look at every repository, for cron: 1 when one of them could not be read. */
async function lookOnce(context: Context, server: Server): Promise<ExitCode> {
  try {
    const report = await server.pollOnce();
    context.show(report, (screen) => renderPollReport(report, screen));
    return report.failed.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await server.stop();
  }
}

/** Where everything is; secrets are named by their files and never shown. */
function announce({ text, note, flags, json }: Context, server: Server, { role, webhook }: ServerConfig): void {
  const duties = roles.get(role);
  const webhooks = webhook.enabled && duties?.webhook === true;
  const { address, dataDir, database, ownerTokenFile, webhookSecretFile, isolation } = server;
  if (flags.json) json({ status: 'ready', address, dataDir, ownerTokenFile, webhookSecretFile });
  note(duties?.api === true ? text('told.serverStarted', { address }) : text('told.roleStarted', { role, address }));
  if (webhooks) note(text('told.serverWebhooks', { address: `${address}/webhook/github, ${address}/webhook/gitlab` }));
  if (webhooks && webhookSecretFile !== null) note(text('told.serverSecret', { file: webhookSecretFile }));
  note(text('told.serverData', { dir: dataDir }));
  note(text('told.serverDatabase', { database }));
  note(text('told.serverIsolation', { isolation }));
  note(text('told.serverToken', { file: ownerTokenFile }));
}
