import { buildInfo } from './build-info.js';
import { greet } from './greeting.js';

/** GET /hello?name=Ann → {"greeting":"Hello, Ann!","version":"1.0.0","environment":"staging"} */
export async function handler(event) {
  const name = event.queryStringParameters?.name;
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify({
      greeting: greet(name),
      version: buildInfo.version,
      environment: process.env.FUNADE_ENVIRONMENT ?? 'local',
    }),
  };
}
