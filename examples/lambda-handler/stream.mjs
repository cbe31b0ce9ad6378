// A streamed response. `awslambda` is a global of the Node.js runtime of AWS Lambda, and of Funade: the same file runs on AWS
// (nodejs24.x, handler `stream.handler`, a function URL with invoke mode RESPONSE_STREAM).
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts down, one line every 100 ms. */
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const head = { statusCode: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } };
  const response = awslambda.HttpResponseStream.from(stream, head);
  for (let left = 3; left > 0; left -= 1) {
    response.write(`${left}\n`);
    await sleep(100);
  }
  response.end('lift-off\n');
});
