import { describe, expect, it } from 'vitest';
import { RIGS, failureOf, keyOf, subjectKey } from './rigs.ts';

/** What both fakes do on any of their reads. */
async function prepare(start: (typeof RIGS)[number]['start']) {
  const rig = await start();
  const repository = rig.server.addRepository({ fullName: 'octo/greeter' });
  const issue = rig.server.addIssue(repository);
  const key = subjectKey(issue);
  // What is remembered (names, tokens, the library) is no part of what is counted below.
  await rig.forge.read(key);
  const asked = rig.server.requests.length;
  const requests = () => rig.server.requests.slice(asked);
  return { ...rig, repository, issue, key, requests };
}

describe.each(RIGS)('trouble with $name', ({ start }) => {
  it('tries again after an answer of 5xx', async () => {
    const { forge, server, key, requests } = await prepare(start);
    server.failNext({ status: 502, times: 2 });
    expect(await forge.read(key)).not.toBeNull();
    expect(requests().map(({ status }) => status)).toEqual([502, 502, 200]);
  });

  it('gives up after three tries', async () => {
    const { forge, server, key, requests } = await prepare(start);
    server.failNext({ status: 503, times: 5 });
    const failure = await failureOf(forge.read(key));
    expect(failure).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE', values: { host: forge.host } });
    expect(requests()).toHaveLength(3);
  });

  it('tries again after a connection that was cut', async () => {
    const { forge, server, key } = await prepare(start);
    server.failNext({ how: 'drop', times: 2 });
    expect(await forge.read(key)).not.toBeNull();
  });

  it('does not wait for an answer that never comes', async () => {
    const { server, key, connect } = await prepare(start);
    const forge = connect({ timeoutMs: 300, tries: 1 });
    await forge.read(key).catch(() => {});
    server.failNext({ how: 'hang', times: 9 });
    const failure = await failureOf(forge.read(key));
    expect(failure.code).toBe('FUN_FORGE_UNREACHABLE');
    expect(failure.message).toContain('no answer within 0.3 s');
  });

  it('writes no second comment after an answer of 5xx', async () => {
    const { forge, server, key, requests } = await prepare(start);
    server.failNext({ match: /^POST .*\/(?:comments|notes)$/, status: 500, times: 3 });
    expect(await failureOf(forge.upsertComment(key, 'm', 'text'))).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    expect(requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('waits as long as Retry-After says, and then goes on', async () => {
    const { forge, server, key, requests } = await prepare(start);
    server.failNext({ status: 429, headers: { 'retry-after': '1' } });
    expect(await forge.read(key)).not.toBeNull();
    const [first, second] = requests();
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('waits with every request of the account, also those that did not see the limit', async () => {
    const { forge, server, key, repository, requests, logs } = await prepare(start);
    server.failNext({ status: 429, headers: { 'retry-after': '1' } });
    const limited = forge.read(key);
    await expect.poll(logs).toContain('the forge asks to wait');
    await Promise.all([limited, forge.listRefs(keyOf(repository)), forge.read(key)]);
    const [first, ...others] = requests();
    expect(others.every(({ at }) => at - (first?.at ?? 0) >= 990)).toBe(true);
  });

  it('waits also where a write was refused: it was not done', async () => {
    const { forge, server, key, issue } = await prepare(start);
    server.failNext({ match: /^POST /, status: 429, headers: { 'retry-after': '0' } });
    expect(await forge.upsertComment(key, 'm', 'text')).toMatchObject({ created: true });
    expect(issue.comments).toHaveLength(1);
  });

  it('does not wait longer than a minute: it tells when, and asks nothing until then', async () => {
    const { forge, server, key, requests } = await prepare(start);
    server.failNext({ status: 429, headers: { 'retry-after': '3600' } });
    const failure = await failureOf(forge.read(key));
    expect(failure.code).toBe('FUN_FORGE_LIMITED');
    const inMinutes = (Number(failure.values['at']) - Date.now()) / 60_000;
    expect(inMinutes).toBeGreaterThan(58);
    expect(inMinutes).toBeLessThanOrEqual(60);
    expect(await failureOf(forge.read(key))).toMatchObject({ code: 'FUN_FORGE_LIMITED' });
    expect(requests()).toHaveLength(1);
  });

  it('takes a page of a proxy for no answer', async () => {
    const { forge, server, key } = await prepare(start);
    server.failNext({ status: 200, text: '<html>Log in</html>', headers: { 'content-type': 'text/html' }, times: 3 });
    const failure = await failureOf(forge.read(key));
    expect(failure.code).toBe('FUN_FORGE_UNREACHABLE');
    expect(failure.message).toContain('not JSON');
  });

  it('tells of an answer of another form than documented', async () => {
    const { forge, server, repository } = await prepare(start);
    server.failNext({ status: 200, body: { surprise: true }, times: 3 });
    expect(await failureOf(forge.hooks.list(keyOf(repository)))).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
  });

  it.each([301, 302, 307])('does not follow a redirect (%i) to another host with its token', async (status) => {
    const { forge, server, key } = await prepare(start);
    const elsewhere = await start();
    server.failNext({ status, headers: { location: `${elsewhere.server.apiUrl}/user` }, times: 3 });
    expect(await failureOf(forge.read(key))).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
    expect(elsewhere.server.requests).toEqual([]);
  });

  it('reads no answer without end', async () => {
    const { server, key, connect } = await prepare(start);
    const forge = connect({ maxBytes: 20_000, tries: 1 });
    await forge.read(key);
    server.failNext({ status: 200, body: { title: 'x'.repeat(50_000) }, times: 3 });
    const failure = await failureOf(forge.read(key));
    expect(failure.message).toContain('longer than 20000 bytes');
  });

  it('reads so many pages and no more', async () => {
    const { server, repository, connect, logs } = await prepare(start);
    for (let count = 0; count < 350; count += 1) server.addIssue(repository, { labels: ['many'] });
    const listed = await connect({ maxPages: 2 }).listLabelled(keyOf(repository), 'many');
    expect(listed.kind === 'changed' ? listed.value.length : 0).toBe(200);
    expect(logs()).toContain('a list of the forge is longer than Funade reads');
  });

  it('has only so many requests at work', async () => {
    const { server, key, connect } = await prepare(start);
    const forge = connect({ concurrency: 2 });
    await forge.read(key);
    server.slowDown(30);
    await Promise.all(Array.from({ length: 8 }, () => forge.read(key)));
    expect(server.busiest()).toBeLessThanOrEqual(2);
  });

  it.each([
    [401, 'FUN_FORGE_LOGIN_REFUSED'],
    [403, 'FUN_FORGE_REFUSED'],
    [404, 'FUN_FORGE_NOT_FOUND'],
    [410, 'FUN_FORGE_NOT_FOUND'],
    [409, 'FUN_FORGE_REJECTED'],
    [422, 'FUN_FORGE_REJECTED'],
  ])('calls an answer of %i %s', async (status, code) => {
    const { forge, server, repository } = await prepare(start);
    server.failNext({ status, body: { message: 'told by the forge' }, times: 4 });
    const failure = await failureOf(forge.hooks.list(keyOf(repository)));
    expect(failure.code).toBe(code);
    if (code !== 'FUN_FORGE_NOT_FOUND') expect(failure.message).toContain('told by the forge');
  });

  it('keeps tokens and secrets out of errors and logs', async () => {
    const { forge, server, repository, logs } = await prepare(start);
    const secret = 'the secret of this hook';
    const told = `Bad token ${server.token} and secret ${secret}`;
    server.failNext({ match: /^POST .*hooks$/, status: 422, body: { message: told } });
    const ensured = forge.hooks.ensure(keyOf(repository), { url: 'https://funade.test/webhook', secret });
    const failure = await failureOf(ensured);
    const seen = JSON.stringify(failure) + logs();
    expect(failure.message).toContain('Bad token ***');
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(server.token);
    const used = server.requests.map(({ headers }) => headers['authorization'] ?? headers['private-token'] ?? '');
    expect(used.every((header) => !seen.includes(header.split(' ').at(-1) ?? ''))).toBe(true);
  });

  it('reports a host where nothing listens', async () => {
    const { server, key, connect } = await prepare(start);
    await server.stop();
    expect(await failureOf(connect().read(key))).toMatchObject({ code: 'FUN_FORGE_UNREACHABLE' });
  });
});
