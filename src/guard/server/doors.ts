import { setTimeout as wait } from 'node:timers/promises';
import type { GuardConfig } from '../../config/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import { retryDelay, troubleFields } from '../errors.ts';
import type { Decider, GuardMetrics, HealthSource } from '../port.ts';
import { createAdmissionServer } from './admission-server.ts';
import { type Certificates, createCertificates } from './certificates.ts';
import type { DecisionSink } from './guard-log.ts';
import { createHealthServer } from './health-server.ts';
import type { ListenAddress } from './listen.ts';

export interface DoorsOptions {
  readonly config: Pick<GuardConfig, 'profile' | 'language' | 'rules' | 'server'>;
  readonly decider: Decider;
  /** Whether the caches were complete once. */
  isSynced(): boolean;
  /** What `/healthz` tells beside the certificate. */
  readonly components: readonly HealthSource[];
  readonly metrics: GuardMetrics;
  readonly logger: Logger;
  readonly decisions: DecisionSink;
  readonly clock: Clock;
}

export interface Doors {
  /** `https://…`; `null` as long as there is no certificate to serve with. */
  readonly admissionAddress: string | null;
  /** `http://…` */
  readonly healthAddress: string;
  /** Not ready at once, in service for the endpoint delay, then ends within the grace. */
  stop(): Promise<void>;
}

/** What the end of the process needs after the last answer. */
const RESERVE_MS = 500;

/** Opens both ports; the one for admission as soon as there is a certificate. */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const { config, metrics, logger, clock } = options;
  const certificates = createCertificates({ directory: config.server.certificates, clock, logger, metrics });
  const admission = createAdmissionServer({ ...options, certificates });
  const stopped = new AbortController();
  let address: ListenAddress | null = null;
  let isDraining = false;

  function lacking(): readonly string[] {
    const lacks: string[] = [];
    if (certificates.current() === null) lacks.push('certificate');
    else if (!admission.isListening()) lacks.push('listening');
    if (!options.isSynced()) lacks.push('cache');
    if (isDraining) lacks.push('draining');
    return lacks;
  }

  const health = createHealthServer({
    config,
    lacking,
    components: [certificates, ...options.components],
    metrics,
    logger,
  });
  metrics.observe({ connections: () => admission.connections() });

  const healthAddress = await health.listen();
  try {
    if (await certificates.start()) address = await admission.listen();
    else void listenOnceCertified();
  } catch (thrown) {
    certificates.stop();
    await health.stop();
    throw thrown;
  }
  if (address !== null) logger.info({ admission: address.port, health: healthAddress.port }, 'The guard listens.');

  /** The port was not tried before: another process may have it by now, and may give it back. */
  async function listenOnceCertified(): Promise<void> {
    await certified(certificates, stopped.signal);
    for (let attempt = 1; !stopped.signal.aborted; attempt += 1) {
      try {
        address = await admission.listen();
        logger.info({ admission: address.port, health: healthAddress.port }, 'The guard listens.');
        return;
      } catch (thrown) {
        const reason = (thrown as { code?: string }).code ?? 'unknown';
        logger.error({ ...troubleFields('address_unusable'), reason }, 'The guard cannot listen.');
        await wait(retryDelay('network', attempt) ?? 0, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  }

  let ending: Promise<void> | null = null;
  async function end(): Promise<void> {
    const until = performance.now() + Math.max(0, config.server.graceMs - RESERVE_MS);
    isDraining = true;
    stopped.abort();
    logger.info({ endpointDelayMs: config.server.endpointDelayMs }, 'The guard is about to end.');
    if (admission.isListening()) await wait(Math.min(config.server.endpointDelayMs, config.server.graceMs / 2));
    await admission.stop(Math.max(0, until - performance.now()));
    certificates.stop();
    await health.stop();
  }

  return {
    get admissionAddress() {
      return address === null ? null : address.url;
    },
    healthAddress: healthAddress.url,
    stop: () => (ending ??= end()),
  };
}

function certified(certificates: Certificates, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const forget = certificates.onChange(finish);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      forget();
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
