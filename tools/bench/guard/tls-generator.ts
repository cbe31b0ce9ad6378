/** The program of the load generator over TLS: one round per message, in a process of its own. */
import { type SecureContext, type TLSSocket, connect, createSecureContext } from 'node:tls';

export interface TlsRound {
  readonly kind: 'requests' | 'handshakes';
  readonly port: number;
  /** PEM that is trusted. */
  readonly ca: string;
  /** One request as it goes over the wire; its answers all have one size. */
  readonly request: string;
  readonly connections: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface TlsRoundResult {
  /** Milliseconds of each request, or of each handshake. */
  readonly latencies: Float64Array;
  readonly took: number;
}

const GOOD = 'HTTP/1.1 200 ';

process.on('message', (round: TlsRound) => {
  const run = round.kind === 'requests' ? request : shakeHands;
  run(round).then(
    (result) => process.send?.({ result }),
    (thrown: unknown) => process.send?.({ fault: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
});
process.once('disconnect', () => process.exit(0));

async function request(round: TlsRound): Promise<TlsRoundResult> {
  const latencies: number[] = [];
  const context = createSecureContext({ ca: round.ca });
  const sockets = await Promise.all(Array.from({ length: round.connections }, () => open(round.port, context)));
  const begun = performance.now();
  const until = begun + round.duration;
  const rest = stayAwake();
  await Promise.all(sockets.map((socket) => drive(socket, round.request, { until, latencies })));
  rest();
  const took = performance.now() - begun;
  for (const socket of sockets) socket.destroy();
  return { latencies: Float64Array.from(latencies), took };
}

/**
 * Keeps this process from sleeping. A server that is slower than its generator would otherwise wake it with each answer, which
 * takes a virtual machine as long as half of a decision, and is charged to the server.
 */
function stayAwake(): () => void {
  let isAwake = true;
  function turn(): void {
    if (isAwake) setImmediate(turn);
  }
  turn();
  return () => {
    isAwake = false;
  };
}

/** One request after the other on one connection. */
function drive(
  socket: TLSSocket,
  text: string,
  { until, latencies }: { readonly until: number; readonly latencies: number[] },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let size = 0;
    let received = 0;
    let sentAt = 0;
    function send(): void {
      sentAt = performance.now();
      if (sentAt >= until) return resolve();
      received = 0;
      socket.write(text, 'latin1');
    }
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (piece: Buffer) => {
      if (received === 0) {
        const head = piece.toString('latin1', 0, GOOD.length);
        if (head !== GOOD) return reject(new Error(`an answer began with ${head}`));
        if (size === 0) size = sizeOf(piece);
      }
      received += piece.length;
      if (received < size) return;
      latencies.push(performance.now() - sentAt);
      send();
    });
    send();
  });
}

function sizeOf(answer: Buffer): number {
  const end = answer.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  if (end === -1 || length === undefined) throw new Error('an answer without Content-Length');
  return end + 4 + Number(length);
}

async function shakeHands(round: TlsRound): Promise<TlsRoundResult> {
  const context = createSecureContext({ ca: round.ca });
  const latencies: number[] = [];
  const begun = performance.now();
  async function again(): Promise<void> {
    while (performance.now() - begun < round.duration) {
      const from = performance.now();
      const socket = await open(round.port, context);
      latencies.push(performance.now() - from);
      socket.destroy();
    }
  }
  await Promise.all(Array.from({ length: round.connections }, again));
  return { latencies: Float64Array.from(latencies), took: performance.now() - begun };
}

/** Never resumes a session: every connection is a new caller's. */
function open(port: number, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', secureContext, minVersion: 'TLSv1.3' });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
