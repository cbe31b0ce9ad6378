import { buildInfo } from './build-info.js';

/** GET /time?zone=Asia/Tokyo → the time there. A plain object is answered as JSON with status 200. */
export async function handler(event) {
  const zone = event.queryStringParameters?.zone ?? 'UTC';
  const now = new Date();
  try {
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    return { time: now.toISOString(), local: local.format(now), zone, version: buildInfo.version };
  } catch {
    return {
      statusCode: 400,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ error: `Unknown time zone ${JSON.stringify(zone)}.` }),
    };
  }
}
