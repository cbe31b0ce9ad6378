import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, createSecretVolume } from '../../../test/certificates.ts';
import { type FakeKubernetesApi, startKubernetesApi } from '../../../test/fakes/kubernetes-api.ts';
import { withFolder } from '../folder.ts';
import type { BenchOptions } from '../options.ts';
import { startPeerProgram } from '../peer-process.ts';
import type { Figure } from '../report.ts';
import { processorTime } from '../processes.ts';
import { jsonRequest } from '../requests.ts';
import { median, medianRatio, quantile } from '../statistics.ts';
import { compile } from './compile.ts';
import { type GuardProcess, startGuard } from './guard-process.ts';
import { deploymentReview, listed } from './review.ts';
import type { TlsRound, TlsRoundResult } from './tls-generator.ts';
import { type TlsLoad, startTlsLoad } from './tls-load.ts';

const PEER = new URL('./peer.ts', import.meta.url);
const NAME = 'bare node:https';
const MANY = 16;
const HANDSHAKES_AT_ONCE = 8;
/** Deployments, each with an HPA: twice as many objects. */
const PAIRS = 3000;
const WARM_UP_MS = 3000;
/** What the guard answers to the review of this section. */
const ANSWER = (uid: string) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } });

/** A guard before an API server with 6 000 objects, in turns with the least that answers over TLS. */
export async function measureGuard(options: BenchOptions): Promise<readonly Figure[]> {
  return withFolder(async (folder) => {
    const [authority, volume, cluster] = await Promise.all([
      createAuthority(),
      createSecretVolume(),
      startKubernetesApi(),
    ]);
    const load = startTlsLoad();
    try {
      for (let at = 0; at < PAIRS; at += 1)
        for (const object of listed(`team-${at % 50}`, `app-${at}`)) cluster.put(object);
      const leaf = await authority.issue();
      await volume.put(leaf);
      const kubeconfig = join(folder, 'kubeconfig');
      await writeFile(kubeconfig, cluster.kubeconfig());
      const program = await compile(folder);
      const { profile } = options;
      const guard = await startGuard({ folder, program, kubeconfig, certificates: volume.directory, profile });
      const synced = { took: guard.syncedIn, memory: await guard.residentMemory() };
      const body = deploymentReview('team-7', 'app-7');
      const { uid } = (JSON.parse(body) as { request: { uid: string } }).request;
      const peer = await startPeerProgram(PEER, { ...leaf, answer: ANSWER(uid) });
      try {
        const measured = await measureBoth({ options, ca: authority.cert, body, load, guard, peer, cluster });
        return [...figuresOf(measured), ...(await stateFigures(synced, guard))];
      } finally {
        await peer.stop();
        await guard.stop();
      }
    } finally {
      await load.stop();
      await cluster.close();
      await Promise.all([authority.remove(), volume.remove()]);
    }
  });
}

interface Round extends TlsRoundResult {
  /** Milliseconds of the processor that the server used. */
  readonly processor: number;
}

interface Pair {
  readonly subject: Round;
  readonly peer: Round;
}

interface Server {
  readonly port: number;
  readonly pid: number;
}

interface Measured {
  readonly one: readonly Pair[];
  readonly many: readonly Pair[];
  readonly handshakes: readonly Pair[];
  /** Per decision. */
  readonly calls: number;
}

async function measureBoth(means: {
  readonly options: BenchOptions;
  readonly ca: string;
  readonly body: string;
  readonly load: TlsLoad;
  readonly guard: Server;
  readonly peer: Server;
  readonly cluster: FakeKubernetesApi;
}): Promise<Measured> {
  const { options, ca, body, load, guard, peer, cluster } = means;
  const request = jsonRequest('POST', { path: '/validate?timeout=5s', body, headers: [] }).toString('latin1');

  async function round({ port, pid }: Server, order: Omit<TlsRound, 'port'>): Promise<Round> {
    const before = await processorTime([pid]);
    const result = await load.round({ ...order, port });
    return { ...result, processor: (await processorTime([pid])) - before };
  }

  async function pair(kind: TlsRound['kind'], connections: number, duration: number): Promise<Pair> {
    const order = { kind, ca, request, connections, duration };
    return { subject: await round(guard, order), peer: await round(peer, order) };
  }

  await pair('requests', MANY, WARM_UP_MS);
  const one: Pair[] = [];
  const many: Pair[] = [];
  const handshakes: Pair[] = [];
  cluster.forget();
  for (let count = 0; count < options.rounds; count += 1) {
    one.push(await pair('requests', 1, options.round));
    many.push(await pair('requests', MANY, options.round));
  }
  const decisions = [...one, ...many].reduce((sum, { subject }) => sum + subject.latencies.length, 0);
  const calls = cluster.calls.filter(({ verb }) => verb !== 'watch').length / decisions;
  for (let count = 0; count < options.rounds; count += 1)
    handshakes.push(await pair('handshakes', HANDSHAKES_AT_ONCE, options.round));
  return { one, many, handshakes, calls };
}

function figuresOf({ one, many, handshakes, calls }: Measured): readonly Figure[] {
  return [
    latency('p50, 1 connection', one, 0.5),
    latency('p99, 1 connection', one, 0.99),
    rate(`decisions, ${MANY} connections`, many, 0.6),
    processor(`processor, ${MANY} connections`, many),
    latency(`p50, ${MANY} connections`, many, 0.5),
    { ...latency(`p99, ${MANY} connections`, many, 0.99), target: { limit: 10, kind: 'at_most' } },
    {
      ...rate('new TLS connections', handshakes, null),
      target: { limit: 1200, kind: 'at_least' },
      note: 'ECDSA P-256, TLS 1.3, no resumption; the load generator does as much work for each of them',
    },
    {
      section: 'guard',
      name: 'API calls per decision',
      unit: 'calls',
      rounds: [calls],
      target: { limit: 0, kind: 'at_most' },
    },
  ];
}

async function stateFigures(
  synced: { readonly took: number; readonly memory: number },
  guard: GuardProcess,
): Promise<readonly Figure[]> {
  return [
    {
      section: 'guard',
      name: `${2 * PAIRS} objects synced`,
      unit: 'ms',
      rounds: [synced.took],
      target: { limit: 3000, kind: 'at_most' },
      note: 'from listening to ready',
    },
    {
      section: 'guard',
      name: 'RSS after it',
      unit: 'MB',
      rounds: [synced.memory],
      target: { limit: 150, kind: 'at_most' },
    },
    { section: 'guard', name: 'RSS after the load', unit: 'MB', rounds: [await guard.residentMemory()] },
  ];
}

function latency(name: string, pairs: readonly Pair[], share: number): Figure {
  const subject = pairs.map((pair) => quantile(pair.subject.latencies, share));
  const peer = pairs.map((pair) => quantile(pair.peer.latencies, share));
  const ratio = median(subject) / median(peer);
  return { section: 'guard', name, unit: 'ms', rounds: subject, peer: { name: NAME, rounds: peer }, ratio };
}

/** Of one request: the figure that other work on the machine distorts least. */
function processor(name: string, pairs: readonly Pair[]): Figure {
  const each = ({ processor: used, latencies }: Round) => used / latencies.length;
  const subject = pairs.map((pair) => each(pair.subject));
  const peer = pairs.map((pair) => each(pair.peer));
  const ratio = median(subject) / median(peer);
  return { section: 'guard', name, unit: 'ms', rounds: subject, peer: { name: NAME, rounds: peer }, ratio };
}

/** `limit`: the share of what the peer does that is wanted at least. */
function rate(name: string, pairs: readonly Pair[], limit: number | null): Figure {
  const rates = pairs.map(({ subject, peer }) => ({ subject: perSecond(subject), peer: perSecond(peer) }));
  const rounds = rates.map(({ subject }) => subject);
  const peers = rates.map(({ peer }) => peer);
  const ratio = medianRatio(rates);
  const figure: Figure = { section: 'guard', name, unit: '/s', rounds };
  if (limit === null) return { ...figure, peer: { name: NAME, rounds: peers }, ratio };
  return { ...figure, comparisons: [{ name: NAME, rounds: peers, ratio, target: { limit, kind: 'instead' } }] };
}

function perSecond({ latencies, took }: TlsRoundResult): number {
  return latencies.length / (took / 1000);
}
