// Handlers of AWS Lambda. Nothing here knows Funade: the same file runs on AWS (nodejs24.x, handlers `index.handler` and
// `index.queue`).

/** For API Gateway HTTP APIs and function URLs: payload format 2.0 comes in, a response goes out. */
export async function handler(event, context) {
  const { method, path } = event.requestContext.http;
  console.log(`${method} ${path}, ${context.getRemainingTimeInMillis()} ms left`);
  if (method !== 'GET' && method !== 'POST') return answer(405, { error: `${method} is not known here` });
  const name = method === 'GET' ? event.queryStringParameters?.name : nameIn(event);
  if (name === undefined) return answer(400, { error: 'name is missing' });
  return answer(200, { greeting: `${process.env.GREETING}, ${name}!`, requestId: context.awsRequestId });
}

function answer(statusCode, body) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** `{"name": "Ann"}` in the body; undefined when there is none. */
function nameIn({ body = '', isBase64Encoded }) {
  try {
    const name = JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body)?.name;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * For messages of a queue, in the form of SQS. What it throws makes its caller try again: AWS the batch of the queue, Funade
 * the call of type `Event`.
 */
export async function queue({ Records }) {
  for (const { messageId, body } of Records) {
    const { order } = JSON.parse(body);
    if (order === undefined) throw new TypeError(`message ${messageId} names no order`);
    console.log(`order ${order} is packed`);
  }
}
