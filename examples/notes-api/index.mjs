import { query } from './database.mjs';
import { Fault } from './fault.mjs';

const MOST_CHARACTERS = 1000;
const MOST_NOTES = 100;

const ROUTES = [
  ['GET', /^\/health$/, health],
  ['GET', /^\/notes$/, listNotes],
  ['POST', /^\/notes$/, createNote],
  ['DELETE', /^\/notes\/([^/]+)$/, deleteNote],
];

export async function handler(event) {
  try {
    return await route(event);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return answer(thrown.status, { error: thrown.message });
  }
}

function route(event) {
  const { method } = event.requestContext.http;
  const known = ROUTES.filter(([, pattern]) => pattern.test(event.rawPath));
  if (known.length === 0) throw new Fault(404, `nothing is at ${event.rawPath}`);
  const [, pattern, act] = known.find(([each]) => each === method) ?? [];
  if (act === undefined) throw new Fault(405, `${event.rawPath} knows ${known.map(([each]) => each).join(', ')}`);
  return act(event, pattern.exec(event.rawPath)[1]);
}

async function health() {
  await query('select from notes limit 1');
  return answer(200, { status: 'ok' });
}

async function listNotes({ queryStringParameters: { limit = '20' } = {} }) {
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > MOST_NOTES)
    throw new Fault(400, `limit has to be a number from 1 to ${MOST_NOTES}`);
  return answer(200, { notes: await query(`select ${COLUMNS} from notes order by id desc limit $1`, [limit]) });
}

async function createNote(event) {
  const text = textIn(event);
  const [note] = await query(`insert into notes (text) values ($1) returning ${COLUMNS}`, [text]);
  return answer(201, note);
}

async function deleteNote(event, id) {
  if (!/^\d{1,9}$/.test(id)) throw new Fault(400, 'the id of a note is a number');
  const gone = await query('delete from notes where id = $1 returning id', [id]);
  if (gone.length === 0) throw new Fault(404, `there is no note ${id}`);
  return { statusCode: 204 };
}

const COLUMNS = 'id, text, created_at as "createdAt"';

function textIn({ body = '', isBase64Encoded }) {
  const text = parsed(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body)?.text;
  if (typeof text !== 'string' || text.trim() === '' || text.length > MOST_CHARACTERS || text.includes('\0'))
    throw new Fault(400, `the body has to be JSON with a text of 1 to ${MOST_CHARACTERS} characters`);
  return text;
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function answer(statusCode, body) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
