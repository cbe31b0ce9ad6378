import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canaryUnderWay } from '../../web/fixtures/greeter.ts';
import { NOTHING_CAME, busyIntake, makeDelivery } from '../../web/fixtures/intake.ts';
import { CHROMIUM, axeViolations, isChromiumThere, screenshot, useDashboardBrowser } from './dashboard-browser.ts';
import { type DashboardServer, problem, startDashboardServer } from './dashboard-server.ts';

const available = isChromiumThere();

test('chromium is there wherever the pages have to be tested', ({ skip }) => {
  if (process.env['CI'] === 'true') expect(available, `${CHROMIUM} is missing`).toBe(true);
  else if (!available) skip(`${CHROMIUM} is missing: install the Debian package chromium`);
});

describe.skipIf(!available)('the pages of the intake', { timeout: 120_000 }, () => {
  const browser = useDashboardBrowser();
  let server: DashboardServer;

  beforeEach(async () => {
    server = await startDashboardServer(browser.dist(), canaryUnderWay(Date.now(), 25));
    server.intake = busyIntake(Date.now());
  });

  afterEach(() => server.close());

  function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    return browser.open(`${server.url}${path}`, options);
  }

  const entries = (page: Page, list: string) => page.getByRole('list', { name: list, exact: true }).locator('> li');

  async function textOf(page: Page, list: string, part: string): Promise<string> {
    const text = await entries(page, list).filter({ hasText: part }).first().innerText();
    return text.replaceAll(/\s+/g, ' ');
  }

  describe('deliveries', () => {
    test('each tells what was decided, why, how it came, and what came of it', async () => {
      const page = await open('/deliveries');
      const said: readonly (readonly [string, readonly string[]])[] = [
        ['issues', ['queued', 'github · webhook', 'Became: task_12', 'ago']],
        ['run_greeter_13', ['push', 'queued', 'polling']],
        ['ping', ['ping answered', 'does not send all events', 'does not check the TLS certificate']],
        ['rejected', ['Funade met a fault of its own']],
        ['Issue Hook', ['ignored', 'gitlab', 'No label was put on; one that was there before starts nothing.']],
        ['reason_of_tomorrow', ['ignored']],
        ['released from this branch', ['ignored', 'No application is released from this branch or tag.']],
      ];
      for (const [part, texts] of said) {
        const text = await textOf(page, 'Deliveries', part);
        for (const each of texts) expect(text).toContain(each);
      }
      await screenshot(page, 'deliveries');
      await page.getByRole('link', { name: 'task_12' }).click();
      await page.getByRole('heading', { name: 'Task: acme/greeter#12' }).waitFor();
    });

    test('more of them are read on demand, and none twice', async () => {
      const page = await open('/deliveries');
      await expect.poll(() => entries(page, 'Deliveries').count()).toBe(50);
      const more = page.getByRole('button', { name: 'Load more' });
      await more.click();
      await expect.poll(() => entries(page, 'Deliveries').count()).toBe(100);
      await more.click();
      await expect.poll(() => entries(page, 'Deliveries').count()).toBe(server.intake.deliveries.length);
      await more.waitFor({ state: 'detached' });
    });

    test('they can be filtered by source and decision, and the filter is in the address', async () => {
      const page = await open('/deliveries');
      await page.getByLabel('Source').selectOption('gitlab');
      await expect.poll(() => entries(page, 'Deliveries').count()).toBe(1);
      expect(new URL(page.url()).search).toBe('?source=gitlab');
      await page.getByLabel('Decision').selectOption('rejected');
      await page.getByText('Nothing fits this filter.').waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Show all' }).click();
      await expect.poll(() => entries(page, 'Deliveries').count()).toBe(50);

      const linked = await open('/deliveries?outcome=pong');
      await expect.poll(() => entries(linked, 'Deliveries').count()).toBe(1);
      expect(await linked.getByLabel('Decision').inputValue()).toBe('pong');
    });

    test('a new one appears without a reload', async () => {
      const page = await open('/deliveries');
      await page.getByText('live', { exact: true }).waitFor();
      await entries(page, 'Deliveries').first().waitFor();
      const { intake } = server;
      const arrived = makeDelivery({ id: 'dlv_late', reason: 'tag_has_run', receivedAt: Date.now() });
      server.intake = { ...intake, deliveries: [arrived, ...intake.deliveries] };
      server.publish('delivery.received');
      await page.getByText('There already is a run for this tag.').waitFor();
    });

    test('one shows facts, masked headers, and its body as text with every digit of its ids', async () => {
      const page = await open('/deliveries');
      await page.getByRole('link', { name: 'issues', exact: true }).click();
      await page.getByRole('heading', { name: 'Delivery: issues' }).waitFor();
      const facts = (await page.locator('dl').first().innerText()).replaceAll(/\s+/g, ' ');
      for (const part of ['GITHUB_WEBHOOK_SECRET', '140.82.115.3', '2 times, last', 'forge-dlv_labelled', 'webhook']) {
        expect(facts).toContain(part);
      }
      const headers = (await page.getByRole('region', { name: 'Headers' }).innerText()).replaceAll(/\s+/g, ' ');
      expect(headers).toContain('x-hub-signature-256 ***');
      const body = page.locator('pre');
      expect(await body.innerText()).toContain('    "id": 90071992547409931,\n    "number": 12,\n');
      expect(await body.innerText()).toContain('"<img src=x onerror=alert(1)>"');
      expect(await page.locator('main img').count()).toBe(0);
      await screenshot(page, 'delivery');
      expect(await axeViolations(page)).toEqual([]);
      expect(browser.faults()).toEqual([]);
    });

    test('a replay is explained before it is sent, and shows what came of it', async () => {
      const page = await open('/deliveries/dlv_labelled');
      const button = page.getByRole('button', { name: 'Replay …' });
      await button.focus();
      await page.keyboard.press('Enter');
      await page.getByText('Funade decides on this delivery once more').waitFor();
      const confirm = page.getByRole('button', { name: 'Replay it now' });
      await confirm.and(page.locator(':focus')).waitFor();
      await screenshot(page, 'replay');
      expect(await axeViolations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await confirm.waitFor({ state: 'detached' });
      await button.and(page.locator(':focus')).waitFor();
      expect(server.received).toEqual([]);
      await page.keyboard.press('Enter');
      await confirm.and(page.locator(':focus')).waitFor();
      await page.keyboard.press('Enter');
      await page.getByText('A task for this issue or change has not ended yet').waitFor();
      expect(server.received).toMatchObject([{ method: 'POST', path: '/api/v1/deliveries/dlv_labelled/replay' }]);
      await page.getByRole('status').filter({ hasText: 'Replayed.' }).waitFor({ state: 'attached' });
      await page.getByRole('link', { name: 'dlv_replayed' }).click();
      await page.getByRole('link', { name: 'dlv_labelled' }).click();
      await page.getByText('2 times, last').waitFor();
      expect(await page.getByRole('link', { name: 'dlv_replayed' }).count()).toBe(0);
    });

    test('a replay that is refused tells why', async () => {
      server.refusal = problem(410, { code: 'FUN_DELIVERY_BODY_GONE', detail: 'Its body was removed.' });
      const page = await open('/deliveries/dlv_labelled');
      await page.getByRole('button', { name: 'Replay …' }).click();
      await page.getByRole('button', { name: 'Replay it now' }).click();
      await page.getByRole('alert').getByText('Its body was removed.').waitFor();
    });

    test('one without a body says so and offers no replay; a form is shown as it came', async () => {
      const page = await open('/deliveries/dlv_polled');
      await page.getByText('There is no body: it was removed').waitFor();
      await page.getByText('It has no headers.').waitFor();
      expect(await page.getByRole('button', { name: 'Replay …' }).count()).toBe(0);
      const form = await open('/deliveries/dlv_fault');
      await form.getByText('payload=%7B%7D').waitFor();
      await form.getByRole('link', { name: 'dlv_push_1', exact: true }).waitFor();
    });

    test('a viewer sees the list and its reasons, but no way into a delivery', async () => {
      server.session = { user: 'guest', role: 'viewer' };
      const page = await open('/deliveries');
      await page.getByText('Your role (viewer) can see this list').waitFor();
      await page.getByText('No label was put on').waitFor();
      expect(await page.getByRole('link', { name: 'issues', exact: true }).count()).toBe(0);
      expect(await page.getByRole('link', { name: 'task_12' }).count()).toBe(1);
    });

    test('before the first, it tells how to connect a forge', async () => {
      server.intake = NOTHING_CAME;
      const page = await open('/deliveries');
      await page.getByRole('heading', { name: 'No delivery yet' }).waitFor();
      await page.getByText('funade source install', { exact: false }).waitFor();
      await page.getByText('docs/how-to/connect-github.md').waitFor();
      await screenshot(page, 'deliveries-empty');
      expect(await axeViolations(page)).toEqual([]);
    });
  });

  describe('tasks', () => {
    test('each tells its state, its subject, who labelled it and what it waits for', async () => {
      const page = await open('/tasks');
      const said: readonly (readonly [string, readonly string[]])[] = [
        [
          'acme/greeter#12',
          ['running', 'Greets <b>twice</b>', 'label coding agent by aiko', 'attempts: 2', 'pull request #31'],
        ],
        ['acme/greeter#10', ['waiting for approval', 'Waits for an approver']],
        ['acme/greeter#9', ['paused', 'A person paused it', 'Waits for a person to resume or stop it.']],
        ['acme/greeter#11', ['queued', 'The next attempt begins in 2h']],
        ['acme/tools/ledger!7', ['cancelled', '四捨五入を直す', 'may not write to the repository', 'polling']],
        [
          'acme/greeter#5',
          ['given up', 'It failed as often as it may be tried.', 'by mika', 'handover 2', 'attempts: 3'],
        ],
      ];
      for (const [part, texts] of said) {
        const text = await textOf(page, 'Tasks', part);
        for (const each of texts) expect(text).toContain(each);
      }
      const subject = page.getByRole('link', { name: 'acme/greeter#12 (opens in a new tab)' });
      expect(await subject.getAttribute('href')).toBe('https://github.com/acme/greeter/issues/12');
      expect([await subject.getAttribute('target'), await subject.getAttribute('rel')]).toEqual(['_blank', 'noopener']);
      expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
      await screenshot(page, 'tasks');
      expect(await axeViolations(page)).toEqual([]);
      await page.getByLabel('State').selectOption('dead');
      await expect.poll(() => entries(page, 'Tasks').count()).toBe(1);
    });

    test('one that has ended shows its attempts and is retried', async () => {
      const page = await open('/tasks');
      await page.getByRole('link', { name: 'Details of acme/greeter#5' }).click();
      await page.getByRole('heading', { name: 'Task: acme/greeter#5' }).waitFor();
      await expect.poll(() => entries(page, 'Attempts').count()).toBe(3);
      const attempt = await textOf(page, 'Attempts', 'Attempt 3');
      for (const part of ['failed', 'worker-a', 'exit code 1', 'err_7f']) expect(attempt).toContain(part);
      const detail = page.getByRole('group', { name: 'What the failure is about' });
      expect(await detail.innerText()).toContain('not ok 1 <b>greets</b>');
      await screenshot(page, 'task');
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByRole('link', { name: 'task_retried' }).click();
      await page.getByText('handover 3').waitFor();
      await page.getByText('Nobody has begun to work on it.').waitFor();
      expect(server.received).toMatchObject([{ method: 'POST', path: '/api/v1/tasks/task_5/retry' }]);
    });

    test('one at work shows its plan, usage, change and log, all as text, and is stopped with a reason', async () => {
      const page = await open('/tasks/task_12');
      await expect.poll(() => entries(page, 'Plan').count()).toBe(2);
      expect(await textOf(page, 'Plan', 'once')).toContain('open: Greet <i>once</i>');
      const main = page.getByRole('main');
      for (const part of [
        '1 of 2 done',
        '23 steps',
        '148,210 tokens in',
        '$0.52',
        'Reading greeter.mjs',
        'funade/issue-12',
      ])
        await main.getByText(part, { exact: false }).first().waitFor();
      const change = page.getByRole('link', { name: 'pull request #31 (opens in a new tab)' });
      expect(await change.getAttribute('href')).toBe('https://github.com/acme/greeter/pull/31');
      const log = page.getByRole('group', { name: 'Log' });
      await expect.poll(() => log.innerText()).toBe('reads <script>alert(1)</script>\n1 test fails\n');
      await screenshot(page, 'task-running');
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Stop …' }).click();
      await page.getByLabel('Reason (optional)').fill(' not now ');
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Stop the task' }).click();
      await main.getByText('stopping').first().waitFor();
      await expect.poll(() => page.getByRole('button', { name: 'Stop the task' }).count()).toBe(0);
      expect(server.received).toMatchObject([
        { method: 'POST', path: '/api/v1/tasks/task_12/stop', body: { reason: 'not now' } },
      ]);
      expect(browser.faults()).toEqual([]);
    });

    test('a plan that waits is shown as text, and approved by who may', async () => {
      server.session = { user: 'dai', role: 'deployer' };
      const refused = await open('/tasks/task_10');
      await refused.getByText('Your role (deployer) can’t approve plans').waitFor();
      expect(await refused.getByRole('button', { name: 'Approve the plan' }).count()).toBe(0);
      server.session = { user: 'mika', role: 'approver' };
      const page = await open('/tasks/task_10');
      const plan = page.getByRole('group', { name: 'Plan to approve' });
      expect(await plan.innerText()).toContain('<img src=x onerror=alert(1)>');
      await screenshot(page, 'task-plan');
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Approve the plan' }).click();
      await page.getByText('Waits for a free worker.', { exact: false }).first().waitFor();
      expect(server.received).toMatchObject([{ method: 'POST', path: '/api/v1/tasks/task_10/approve', body: {} }]);
      expect(browser.faults()).toEqual([]);
    });

    test('a paused one tells who paused it and why, until when it waits, and is resumed', async () => {
      const page = await open('/tasks/task_9');
      const main = page.getByRole('main');
      for (const part of ['mika: The API changes first.', 'Given up in', 'Waits for a person to resume or stop it.'])
        await main.getByText(part, { exact: false }).first().waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await expect.poll(() => server.received.length).toBe(1);
      expect(server.received[0]).toMatchObject({ path: '/api/v1/tasks/task_9/resume', body: {} });
    });

    test('one that is at work is not offered again; a viewer is offered none', async () => {
      const page = await open('/tasks/task_12');
      await page.getByRole('link', { name: 'dlv_labelled' }).waitFor();
      expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
      server.session = { user: 'guest', role: 'viewer' };
      const ended = await open('/tasks/task_5');
      await ended.getByText('Your role (viewer) can watch tasks, not retry them.').waitFor();
      expect(await ended.getByRole('button', { name: 'Retry' }).count()).toBe(0);
    });

    test('before the first, it tells which label makes one', async () => {
      server.intake = NOTHING_CAME;
      const page = await open('/tasks');
      await page.getByRole('heading', { name: 'No task yet' }).waitFor();
      await page.getByText('coding agent', { exact: false }).first().waitFor();
      expect(await axeViolations(page)).toEqual([]);
    });
  });

  test('a source tells what came last, what failed last, how its hooks and its polling are, and its commands', async () => {
    const page = await open('/sources');
    const github = page.getByRole('region', { name: 'github', exact: true });
    const text = (await github.innerText()).replaceAll(/\s+/g, ' ');
    for (const part of [
      'ago, verified with GITHUB_WEBHOOK_SECRET',
      'fits no secret of the source',
      'from 203.0.113.9, 3 in all',
      'added-2 (webhook secret since',
      '/webhook/github',
      'hook in order',
      'https://ci.acme.example/webhook/github',
      'hook needs a look',
      'turn its SSL verification on',
      'somebody moved it',
      'Polling failed: The forge can’t be reached.',
      'funade source rotate github',
      'funade source install github',
    ]) {
      expect(text).toContain(part);
    }
    const gitlab = (await page.getByRole('region', { name: 'gitlab', exact: true }).innerText()).replaceAll(
      /\s+/g,
      ' ',
    );
    for (const part of ['no delivery can be verified', 'not polled yet', 'No repository yet']) {
      expect(gitlab).toContain(part);
    }
    await screenshot(page, 'sources');
    expect(await axeViolations(page)).toEqual([]);
    expect(browser.faults()).toEqual([]);
  });

  test('the pages are reached from the header by keyboard, and it tells which one is shown', async () => {
    const page = await open('/');
    const pages = page.getByRole('navigation', { name: 'Pages' });
    for (const name of ['Deliveries', 'Tasks', 'Sources', 'Overview']) {
      await pages.getByRole('link', { name }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name }).waitFor();
      expect(await pages.locator('[aria-current="page"]').allInnerTexts()).toEqual([name]);
      expect(await page.evaluate('document.activeElement.id')).toBe('main');
    }
    server.session = null;
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await pages.count()).toBe(0);
  });

  const japanese = [
    [
      '/deliveries',
      ['配信', 'このブランチまたはタグからリリースするアプリケーションはありません。', '対象外', 'run_greeter_13'],
    ],
    ['/deliveries/dlv_labelled', ['配信: issues', '一致したシークレット', '再処理…']],
    ['/tasks', ['タスク', 'ラベルを付けた人に、このリポジトリへの書き込み権限がありません。', '断念']],
    ['/tasks/task_5', ['タスク: acme/greeter#5', '試行 3', '再試行']],
    ['/tasks/task_10', ['承認待ちの計画', '計画を承認', '打ち切りまで', 'ログ']],
    ['/sources', ['ソース', 'フックが TLS 証明書を検証しません。SSL 検証を有効にしてください。', '最後の検証失敗']],
  ] as const;
  for (const [path, words] of japanese) {
    test(`${path} reads in Japanese, in the dark, without an axe violation`, async () => {
      const page = await open(path, { locale: 'ja-JP', colorScheme: 'dark' });
      const main = page.getByRole('main');
      for (const word of words) await main.getByText(word).filter({ visible: true }).first().waitFor();
      await screenshot(page, `ja${path.replaceAll('/', '-')}`);
      expect(await axeViolations(page)).toEqual([]);
      expect(browser.faults()).toEqual([]);
    });
  }

  for (const path of [
    '/deliveries',
    '/deliveries/dlv_labelled',
    '/tasks',
    '/tasks/task_5',
    '/tasks/task_12',
    '/sources',
  ]) {
    test(`${path} fits 360 px: nothing scrolls sideways`, async () => {
      const page = await open(path, { viewport: { width: 360, height: 740 } });
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('main dl, main ul').first().waitFor();
      await screenshot(page, `narrow${path.replaceAll('/', '-')}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      expect(await axeViolations(page)).toEqual([]);
    });
  }
});
