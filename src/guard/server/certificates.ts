import { join } from 'node:path';
import type { Clock, Logger } from '../../kernel/index.ts';
import { type GuardErrorCode, retryDelay, troubleFields } from '../errors.ts';
import type { ComponentHealth, GuardMetrics, HealthSource } from '../port.ts';
import { type CertificatePair, type PairFault, readPair } from './certificate-pair.ts';
import { readFilePair } from './certificate-files.ts';
import { watchDirectory } from './watch-directory.ts';

/** A volume changes in several steps; what is read in the middle of them is no pair. */
const DEBOUNCE_MS = 100;

/** What the admission server needs of it. */
export interface CertificateSource {
  current(): CertificatePair | null;
  /** `listener` is called with each new pair; the answer ends that. */
  onChange(listener: () => void): () => void;
}

export interface Certificates extends CertificateSource, HealthSource {
  /** Reads once, then watches. Whether there is a certificate then. */
  start(): Promise<boolean>;
  stop(): void;
}

export interface CertificatesOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<GuardMetrics, 'reloaded' | 'observe'>;
  /** Milliseconds between two looks, for file systems that tell nothing. */
  readonly pollMs?: number;
}

/**
 * The certificate of a directory (`tls.crt`, `tls.key`), as a mounted Secret changes it. A pair that can't be served never takes
 * the place of one that can: it is told, counted and looked at again.
 */
export function createCertificates({
  directory,
  clock,
  logger,
  metrics,
  pollMs = 1000,
}: CertificatesOptions): Certificates {
  const listeners = new Set<() => void>();
  let served: { readonly pair: CertificatePair; readonly since: number } | null = null;
  /** The fault of what lies there now, and the content that has it: told once. */
  let refused: { readonly fault: PairFault; readonly content: string } | null = null;
  let attempts = 0;
  /** Until then the same content is not checked again; other content is at once. */
  let retryAt = 0;
  let isExpiryTold = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | null = null;
  let watcher: { close(): void } | undefined;

  function serve(pair: CertificatePair): void {
    served = { pair, since: clock.now() };
    isExpiryTold = false;
    metrics.reloaded('loaded');
    logger.info(
      { serial: pair.serial, names: pair.names, notAfter: new Date(pair.notAfter).toISOString() },
      'The certificate was loaded.',
    );
    for (const listener of listeners) listener();
  }

  function refuse(fault: PairFault, content: string): void {
    attempts = refused?.content === content ? attempts + 1 : 1;
    const delay = retryDelay('certificate', attempts) ?? Infinity;
    retryAt = performance.now() + delay;
    lookIn(delay);
    if (refused?.content === content && refused.fault.code === fault.code) return;
    refused = { fault, content };
    // Nothing there before the first one came is waited for, not refused.
    if (fault.code === 'certificate_missing' && served === null) {
      logger.warn({ ...troubleFields(fault.code), outcome: 'waiting' }, 'There is no certificate yet.');
      return;
    }
    metrics.reloaded('refused');
    const kept = served === null ? null : served.pair.serial;
    logger.error(
      { ...troubleFields(fault.code), outcome: 'refused', reason: fault.message, kept },
      'The certificate was refused.',
    );
  }

  function isWaitedFor(content: string): boolean {
    return refused?.content === content && performance.now() < retryAt;
  }

  async function look(): Promise<void> {
    const files = await readFilePair(join(directory, 'tls.crt'), join(directory, 'tls.key'));
    if (isStopped) return;
    tellExpiry();
    if (!files.ok) return isWaitedFor(files.error.message) ? undefined : refuse(files.error, files.error.message);
    const { cert, key } = files.value;
    if (cert === served?.pair.cert && key === served.pair.key) {
      refused = null;
      attempts = 0;
      return;
    }
    const content = `${cert}${key}`;
    if (isWaitedFor(content)) return;
    const read = readPair(cert, key);
    if (!read.ok) return refuse(read.error, content);
    const fault = timeFault(read.value, served?.pair ?? null, clock.now());
    if (fault !== null) return refuse(fault, content);
    refused = null;
    attempts = 0;
    serve(read.value);
  }

  function tellExpiry(): void {
    if (served === null || isExpiryTold || clock.now() < served.pair.notAfter) return;
    isExpiryTold = true;
    logger.error(
      { ...troubleFields('certificate_expired'), outcome: 'served', serial: served.pair.serial },
      'The certificate has expired.',
    );
  }

  /** One look at a time; a change during a look is seen by the next one. */
  function lookNow(): Promise<void> {
    running ??= look()
      .catch((thrown: unknown) => {
        const reason = thrown instanceof Error ? thrown.name : 'unknown';
        logger.error(
          { ...troubleFields('certificate_unreadable'), outcome: 'refused', reason },
          'The certificate could not be read.',
        );
      })
      .finally(() => {
        running = null;
      });
    return running;
  }

  /** An earlier look that is due is not put off: a directory that changes all the time is read all the same. */
  function lookIn(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (isStopped || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => {
      dueAt = Infinity;
      const again = running !== null;
      void lookNow().then(() => {
        if (again) lookIn(0);
      });
    }, milliseconds);
    timer.unref();
  }

  return {
    start: async () => {
      metrics.observe({ certificateNotAfter: () => (served === null ? null : served.pair.notAfter / 1000) });
      watcher = watchDirectory(directory, pollMs, {
        changed: () => lookIn(DEBOUNCE_MS),
        polled: () => lookIn(0),
      });
      await lookNow();
      return served !== null;
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      watcher?.close();
    },
    current: () => served?.pair ?? null,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    health: () => healthOf(served, refused?.fault.code ?? null, clock.now()),
  };
}

/** A pair that is not valid now takes the place of none, or of one that is not valid either; of those the one that ends later. */
function timeFault(pair: CertificatePair, current: CertificatePair | null, now: number): PairFault | null {
  if (current === null || isValid(pair, now)) return null;
  if (!isValid(current, now) && pair.notAfter > current.notAfter) return null;
  if (now < pair.notBefore)
    return { code: 'certificate_not_yet_valid', message: 'the new certificate is not valid yet' };
  return { code: 'certificate_expired', message: 'the new certificate has expired' };
}

function isValid({ notBefore, notAfter }: CertificatePair, now: number): boolean {
  return now >= notBefore && now < notAfter;
}

function healthOf(
  served: { readonly pair: CertificatePair; readonly since: number } | null,
  refused: GuardErrorCode | null,
  now: number,
): ComponentHealth {
  if (served === null) return { name: 'certificate', ok: false, detail: { served: false, refused } };
  const { pair, since } = served;
  return {
    name: 'certificate',
    ok: isValid(pair, now),
    detail: {
      served: true,
      names: pair.names,
      serial: pair.serial,
      notBefore: new Date(pair.notBefore).toISOString(),
      notAfter: new Date(pair.notAfter).toISOString(),
      expired: now >= pair.notAfter,
      servedSince: new Date(since).toISOString(),
      refused,
    },
  };
}
