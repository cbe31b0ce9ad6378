import type { Command } from 'commander';
import type { Server } from '../../compose.ts';
import { type ServerConfig, type ServerOption, serverOptions } from '../../config/index.ts';
import { roles } from '../../roles.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { readServerConfig } from '../settings.ts';
import { renderPollReport } from '../render/poll-report.ts';
import type { AddCommand, Invocation, Shell } from '../shell.ts';

/** Flags that every command has, and settings that only commands read. */
const GLOBAL = new Set(['--lang', '--server']);

const SAME_INTERRUPT_MS = 1000;
const START_WITHIN_MS = 60_000;

/** `funade serve`: runs the server until it is asked to end. */
export const addServe: AddCommand = (parent, shell) => addServer(parent, shell, 'serve');

export function addServer(parent: Command, { text, action, language }: Shell, name: 'serve' | 'up'): void {
  const command = parent.command(name).description(text(`about.${name}`));
  const known = new Set<string>(GLOBAL);
  for (const option of serverOptions as readonly ServerOption[]) {
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
  const config = readServerConfig(context.terminal, {
    ...invocation.options,
    lang: context.flags.language ?? undefined,
  });
  // Loaded here, so that no other command waits for the rooms of the server to load.
  const { serve } = await import('../../compose.ts');
  const interrupt = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    const stopListening = context.terminal.onInterrupt(() => {
      // Later ones end the process at once; one within this time is the same, which the launcher passed on as well.
      setTimeout(stopListening, SAME_INTERRUPT_MS).unref();
      interrupt.abort();
      resolve();
    });
  });
  const watch = invocation.options['watch'] === true;
  const looksOnce = config.role === 'producer' && !watch;
  // Nobody asks it anything, and another process of this machine may have the port.
  const server = await serve({
    config: looksOnce ? { ...config, port: 0 } : config,
    openDashboard,
    watch,
    // Started by cron, it must not wait for a database for ever.
    signal: looksOnce ? AbortSignal.any([interrupt.signal, AbortSignal.timeout(START_WITHIN_MS)]) : interrupt.signal,
  });
  if (looksOnce) return await lookOnce(context, server);
  announce(context, server, config);
  await interrupted;
  context.note(context.text('told.serverStopping'));
  await server.stop();
  return EXIT.ok;
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
