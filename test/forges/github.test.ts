import { describe, expect, it } from 'vitest';
import { createForge } from '../../src/forges/index.ts';
import { silentLogger, systemClock } from '../../src/kernel/index.ts';
import { QUICK, failureOf, github, keyOf, subjectKey } from './rigs.ts';

describe('GitHub', () => {
  it.each([
    ['https://api.github.com', 'github.com'],
    ['https://api.github.com/', 'github.com'],
    ['https://api.octocorp.ghe.com', 'octocorp.ghe.com'],
    ['https://ghe.example.com/api/v3', 'ghe.example.com'],
    ['https://ghe.example.com:8443/api/v3/', 'ghe.example.com:8443'],
  ])('has, with the API at %s, its pages at %s', (apiUrl, host) => {
    const credentials = { kind: 'token', token: 'ghp_x' } as const;
    expect(createForge({ kind: 'github', apiUrl, credentials, logger: silentLogger, clock: systemClock }).host).toBe(
      host,
    );
  });

  it('leaves a second between writes, and writes one at a time', async () => {
    const { server, connect } = await github();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    const forge = connect({ writeGapMs: 200 });
    const labels = ['a', 'b', 'c'];
    await Promise.all(labels.map((add) => forge.swapLabel(subjectKey(issue), { remove: null, add })));
    const times = server.requests.filter(({ method }) => method === 'POST').map(({ at }) => at);
    expect(times).toHaveLength(3);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) >= 190)).toBe(true);
  });

  it.each([
    ['no requests left', { 'x-ratelimit-remaining': '0' }, { message: 'API rate limit exceeded' }],
    ['a secondary limit', { 'retry-after': '1' }, { message: 'You have exceeded a secondary rate limit' }],
  ])('waits where it is refused for %s', async (_what, headers, body) => {
    const { server, forge } = await github();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    const reset = String(Math.ceil(Date.now() / 1000) + 1);
    server.failNext({ status: 403, headers: { 'x-ratelimit-reset': reset, ...headers }, body });
    expect(await forge.read(subjectKey(issue))).not.toBeNull();
  });

  it('fails with the time where the limit ends in half an hour', async () => {
    const { server, forge } = await github();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }));
    const reset = Math.ceil(Date.now() / 1000) + 1800;
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
    server.failNext({ status: 403, headers, body: { message: 'API rate limit exceeded' } });
    const failure = await failureOf(forge.read(subjectKey(issue)));
    expect(failure.code).toBe('FUN_FORGE_LIMITED');
    expect(Math.abs(Number(failure.values['at']) - reset * 1000)).toBeLessThan(5000);
  });

  it('takes labels for the same in upper and lower case', async () => {
    const { server, forge } = await github();
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/greeter' }), { labels: ['Coding Agent'] });
    expect(await forge.labelling(subjectKey(issue), 'coding agent')).toMatchObject({ label: 'Coding Agent' });
    expect(await forge.swapLabel(subjectKey(issue), { remove: 'coding agent', add: null })).toEqual({ removed: true });
    expect(issue.labels).toEqual([]);
  });

  it('opens a change that is ready where there are no drafts, and says so', async () => {
    const { server, forge, logs } = await github();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    server.push(repository, 'refs/heads/topic', 'a'.repeat(40));
    const message = 'Draft pull requests are not supported in this repository.';
    server.failNext({ match: /^POST .*pulls$/, status: 422, body: { message } });
    const change = { head: 'topic', base: 'main', title: 'T', body: '', draft: true };
    expect(await forge.createChange(keyOf(repository), change)).toMatchObject({ draft: false });
    expect(logs()).toContain('has no draft pull requests');
  });

  it('lists deliveries that nobody answered well, each once, and sends them again', async () => {
    const { server, forge } = await github();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const target = await github();
    const hook = server.addHook(repository, 'http://127.0.0.1:9/gone', { events: ['issues'] });
    const issue = server.addIssue(repository);
    await server.webhooksSent();
    const key = keyOf(repository);
    const failed = (await forge.hooks.failedDeliveries?.(key, String(hook.id), 0)) ?? [];
    expect(failed).toMatchObject([{ event: 'issues', status: 0, hookId: String(hook.id) }]);
    expect(await forge.hooks.failedDeliveries?.(key, String(hook.id), Date.now() + 60_000)).toEqual([]);
    await forge.hooks.redeliver?.(key, failed[0]!);
    await server.webhooksSent();
    expect(hook.deliveries).toHaveLength(2);
    const again = (await forge.hooks.failedDeliveries?.(key, String(hook.id), 0)) ?? [];
    expect(again).toMatchObject([{ guid: failed[0]?.guid, id: String(hook.deliveries[1]?.id) }]);
    hook.deliveries[1]!.status = 200;
    expect(await forge.hooks.failedDeliveries?.(key, String(hook.id), 0)).toEqual([]);
    expect(issue.open).toBe(true);
    expect(target.server.faults).toEqual([]);
    expect(server.faults).toEqual([]);
  });

  it('follows the deliveries over pages until the time that is asked for', async () => {
    const { server, forge } = await github();
    const repository = server.addRepository({ fullName: 'octo/greeter' });
    const hook = server.addHook(repository, 'http://127.0.0.1:9/gone');
    const at = Date.now();
    for (let count = 0; count < 350; count += 1) {
      const id = 5000 + count;
      const time = at - (350 - count) * 1000;
      const delivery = {
        id,
        guid: `g${id}`,
        event: 'push',
        action: null,
        status: 502,
        at: time,
        redelivery: false,
        body: '',
      };
      hook.deliveries.push(delivery);
    }
    const failed = await forge.hooks.failedDeliveries?.(keyOf(repository), String(hook.id), at - 150_500);
    expect(failed).toHaveLength(150);
    expect(server.requests.filter(({ path }) => path.endsWith('/deliveries'))).toHaveLength(2);
  });
});

describe('a GitHub App', () => {
  it('looks up the installation of each repository, and keeps its token', async () => {
    const { server, forge } = await github({ app: true });
    const one = server.addRepository({ fullName: 'octo/one' });
    const two = server.addRepository({ fullName: 'acme/two' });
    server.addInstallation([two]);
    server.addIssue(one);
    server.addIssue(two);
    for (const repository of [one, two, one]) {
      expect(await forge.read({ repository: keyOf(repository), kind: 'issue', number: 1 })).not.toBeNull();
    }
    const tokens = server.requests.filter(({ path }) => path.endsWith('/access_tokens'));
    expect(tokens.map(({ path }) => path)).toEqual([
      '/app/installations/1/access_tokens',
      '/app/installations/2/access_tokens',
    ]);
    expect(server.faults).toEqual([]);
  });

  it('gets a new token when its own was taken back', async () => {
    const { server, forge } = await github({ app: true });
    const issue = server.addIssue(server.addRepository({ fullName: 'octo/one' }));
    await forge.read(subjectKey(issue));
    server.revokeInstallationTokens();
    expect(await forge.read(subjectKey(issue))).not.toBeNull();
  });

  it('is not seen where it is not installed', async () => {
    const { server, forge } = await github({ app: true });
    server.app.installations.length = 0;
    const repository = server.addRepository({ fullName: 'octo/one' });
    expect(await failureOf(forge.repository(keyOf(repository)))).toMatchObject({ code: 'FUN_FORGE_NOT_FOUND' });
  });

  it('gives the token of the installation to git', async () => {
    const { server, forge } = await github({ app: true });
    const repository = server.addRepository({ fullName: 'octo/one' });
    expect(await forge.gitRemote(keyOf(repository))).toMatchObject({
      username: 'x-access-token',
      password: expect.stringMatching(/^ghs_/),
    });
  });

  it('says what is wrong with a key that is none, without showing it', async () => {
    const { server } = await github();
    const credentials = { kind: 'app', appId: '1', privateKey: 'not a key at all', installationId: '1' } as const;
    const options = { logger: silentLogger, clock: systemClock, limits: QUICK };
    const forge = createForge({ kind: 'github', apiUrl: server.apiUrl, credentials, ...options });
    const repository = server.addRepository({ fullName: 'octo/one' });
    const failure = await failureOf(forge.repository(keyOf(repository)));
    expect(failure.code).toBe('FUN_FORGE_REFUSED');
    expect(failure.message).not.toContain('not a key at all');
    expect(server.requests).toEqual([]);
  });
});
