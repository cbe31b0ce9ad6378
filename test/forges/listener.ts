import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { type ForgeEvent, forgeWebhooks } from '../../src/forges/index.ts';

export const SECRET = 'the secret of this hook, long enough';
export const SIGNING = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Verifies and parses everything that a fake sends, with the readers that receive real webhooks. */
export async function receive(source: string) {
  const webhook = forgeWebhooks.get(source)!;
  const events: ForgeEvent[] = [];
  const verified: string[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
      const request = { headers, body: Buffer.concat(chunks), now: Date.now() };
      const verification = webhook.verify(request, [
        { label: 'secret', value: SECRET },
        { label: 'signing', value: SIGNING, kind: 'signing' },
      ]);
      verified.push(verification.ok ? verification.label : verification.reason);
      if (verification.ok) events.push(...webhook.parse(request));
      response.writeHead(200).end();
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, events, verified };
}
