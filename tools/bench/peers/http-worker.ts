/** The program of the worker behind `http-front.ts`: it calls a handler with an event and answers what that returns. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';

process.once('message', ({ socketPath }: { readonly socketPath: string }) => {
  const server = createServer((request, response) => void serve(request, response));
  server.listen(socketPath, () => process.send?.('listening'));
});
process.once('disconnect', () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { headers, url: rawPath } = request;
  const { statusCode, headers: given, body } = handler({ headers, rawPath, body: Buffer.concat(pieces).toString() });
  response.writeHead(statusCode, { ...given, 'content-length': Buffer.byteLength(body) }).end(body);
}

function handler(event: { readonly headers: object; readonly rawPath: string | undefined; readonly body: string }) {
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: event.body };
}
