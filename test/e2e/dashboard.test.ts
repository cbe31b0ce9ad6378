import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Situation, canaryUnderWay } from '../../web/fixtures/greeter.ts';
import { CHROMIUM, axeViolations, isChromiumThere, screenshot, useDashboardBrowser } from './dashboard-browser.ts';
import { type DashboardServer, TOKEN, problem, startDashboardServer } from './dashboard-server.ts';

const available = isChromiumThere();

test('chromium is there wherever the page has to be tested', ({ skip }) => {
  if (process.env['CI'] === 'true') expect(available, `${CHROMIUM} is missing`).toBe(true);
  else if (!available) skip(`${CHROMIUM} is missing: install the Debian package chromium`);
});

describe.skipIf(!available)('the dashboard', { timeout: 120_000 }, () => {
  const browser = useDashboardBrowser();
  let server: DashboardServer;

  beforeEach(async () => {
    server = await startDashboardServer(browser.dist(), canaryUnderWay(Date.now(), 25));
  });

  afterEach(() => server.close());

  function open(path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    return browser.open(`${server.url}${path}`, options);
  }

  const cell = (page: Page, app: string, text: string) =>
    page.getByRole('row', { name: app }).getByRole('cell').filter({ hasText: text });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const locale of ['en-GB', 'ja-JP']) {
      test(`shows applications, run and approvals without an axe violation (${locale}, ${colorScheme})`, async () => {
        const page = await open('/', { locale, colorScheme });
        const words =
          locale === 'en-GB'
            ? [
                'Overview',
                'Running now',
                'Waiting for approval',
                'Rollback ready: v11',
                'v7 is held back',
                'inconclusive',
              ]
            : ['概要', '現在の実行', '承認待ち', 'ロールバック可能: v11', 'v7 は保留中', '判定不能'];
        for (const word of words) await page.getByText(word, { exact: true }).first().waitFor();
        expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
        expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(colorScheme);
        expect(await page.title()).toBe(locale === 'en-GB' ? 'Overview · Funade' : '概要 · Funade');
        await expect.poll(() => server.streams()).toBe(1);
        await screenshot(page, `overview-${locale}-${colorScheme}`);
        expect(await axeViolations(page)).toEqual([]);
        expect(browser.faults()).toEqual([]);
      });
    }
  }

  test('tells of each environment what is live, how it is, what it does and whether it can go back', async () => {
    const page = await open();
    const production = cell(page, 'greeter', 'Answers in French');
    const text = (await production.innerText()).replaceAll(/\s+/g, ' ');
    for (const part of ['v12', 'healthy', 'holding', 'v12 75%', 'v13 25% new', '20.1', '0.3%', '42 ms', 'v11']) {
      expect(text).toContain(part);
    }
    const held = (await cell(page, 'ledger', 'Reads CSV').innerText()).replaceAll(/\s+/g, ' ');
    for (const part of ['degraded', 'idle', '1.2 s', 'error-rate 19.4% (12 of 62)', 'the artifact of v5 is gone']) {
      expect(held).toContain(part);
    }
  });

  test('an event changes the page without a reload', async () => {
    const page = await open();
    // The page's clock is in the test's hand: its own slow pace of reading (15 s) never comes due here.
    await page.clock.install();
    await page.reload();
    const production = cell(page, 'greeter', 'Answers in French');
    await production.getByText('v13 25%').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await page.clock.pauseAt(Number(await page.evaluate('Date.now() + 1000')));
    await page.evaluate('window.notReloaded = true');
    server.situation = canaryUnderWay(Date.now(), 50);
    server.publish('rollout.weight_observed');
    let passed = 0;
    while (passed < 10_000 && !(await production.getByText('v13 50%').isVisible())) {
      await page.clock.runFor(100);
      passed += 100;
    }
    expect(await production.getByText('v13 50%').isVisible()).toBe(true);
    expect(await page.evaluate('window.notReloaded')).toBe(true);
  });

  test('a broken event stream is shown, opened again, and what was missed is read', async () => {
    const page = await open();
    await page.getByText('live', { exact: true }).waitFor();
    server.breakStreams(true);
    await page.getByText('reconnecting', { exact: true }).waitFor();
    server.situation = canaryUnderWay(Date.now(), 75);
    server.breakStreams(false);
    await page.getByText('live', { exact: true }).waitFor();
    await cell(page, 'greeter', 'Answers in French').getByText('v13 75%').waitFor();
  });

  test('an approver approves with a comment', async () => {
    const page = await open();
    await page.getByLabel('Comment on ledger v8 → production (optional)').fill('Checked with finance.');
    server.situation = { ...server.situation, approvals: [] };
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Waiting for approval', { exact: true }).waitFor({ state: 'detached' });
    expect(server.received).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/approvals/ap_8',
        body: { decision: 'approve', comment: 'Checked with finance.' },
      },
    ]);
    await page
      .getByRole('status')
      .filter({ hasText: 'Approved ledger v8 → production.' })
      .waitFor({ state: 'attached' });
  });

  test('a refused decision shows its reason and its fix, and the form stays', async () => {
    const page = await open();
    server.refusal = problem(409, { detail: 'The release has changed.', fix: 'Look at the new request.' });
    await page.getByRole('button', { name: 'Reject' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The release has changed.').waitFor();
    await alert.getByText('Look at the new request.').waitFor();
    expect(server.received.at(-1)?.body).toEqual({ decision: 'reject', comment: '' });
    expect(await page.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(true);
  });

  test('a viewer is offered neither decisions nor commands', async () => {
    server.session = { user: 'guest', role: 'viewer' };
    const page = await open();
    await page.getByText('Your role (viewer) can watch rollouts, not steer them.').waitFor();
    await page.getByText('You (guest, viewer) can’t decide this one.').waitFor();
    for (const name of ['Approve', 'Reject', 'Promote', 'Pause', 'Abort …']) {
      expect(await page.getByRole('button', { name, exact: true }).count(), name).toBe(0);
    }
  });

  test('abort asks for a reason and works from the keyboard alone', async () => {
    const page = await open();
    const abort = page.getByRole('button', { name: 'Abort …' });
    await abort.focus();
    await page.keyboard.press('Enter');
    const reason = page.getByLabel('Why is it aborted?');
    await reason.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await reason.waitFor({ state: 'detached' });
    await abort.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await reason.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Say why, so that others can follow.').waitFor();
    expect(server.received).toEqual([]);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type('Greets twice.');
    await screenshot(page, 'abort');
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await reason.waitFor({ state: 'detached' });
    expect(server.received).toMatchObject([
      { method: 'POST', path: '/api/v1/rollouts/ro_13/abort', body: { reason: 'Greets twice.' } },
    ]);
  });

  test('promote and pause go to the rollout in progress', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Promote' }).click();
    await expect.poll(() => server.received.map((command) => command.path)).toEqual(['/api/v1/rollouts/ro_13/promote']);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => server.received.at(-1)?.path).toBe('/api/v1/rollouts/ro_13/pause');
  });

  test('the page of a failed run, opened by its address, shows evidence and fix', async () => {
    const page = await open('/runs/run_ledger_9');
    const failure = page.getByRole('region', { name: 'Failure' });
    await failure.getByText('npm test ended with exit code 1.').waitFor();
    await failure.getByText('What to do: Read the last lines below').waitFor();
    await failure.getByText('expected 31, got 30').waitFor();
    await screenshot(page, 'run-failed');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('link', { name: '← Overview' }).click();
    await page.getByRole('table', { name: 'Applications' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(browser.faults()).toEqual([]);
  });

  test('signed out, it tells where the owner token is; a wrong token is explained and a right one signs in', async () => {
    server.session = null;
    const page = await open();
    await page.getByText('<data dir>/secrets/owner-token').first().waitFor();
    await screenshot(page, 'sign-in');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Access token' }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This token is unknown, expired or revoked.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Access token' }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Applications' }).waitFor();
    await page.getByText('owner (owner)').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(server.received.map((command) => command.method)).toEqual(['POST', 'POST', 'DELETE']);
  });

  test('a read that is refused shows its reason, its fix, every fault and the commands to try', async () => {
    server.readFault = problem(403, {
      code: 'FUN_FORBIDDEN',
      detail: "Can't read applications.",
      fix: 'Ask for the role viewer.',
      errors: [{ message: 'the token is of another server', file: 'token', line: 3, column: 1 }],
    });
    const page = await open();
    const alert = page.getByRole('alert');
    const parts = ["Can't read applications.", 'Ask for the role viewer.', 'token:3:1', 'funade token list'];
    for (const part of [...parts, 'Code FUN_FORBIDDEN']) await alert.getByText(part).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    server.readFault = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('table', { name: 'Applications' }).waitFor();
  });

  test('without applications it names the commands to try', async () => {
    const nothing: Situation = { apps: [], runs: [], approvals: [] };
    server.situation = nothing;
    const page = await open();
    for (const command of ['funade config init', 'funade app add .', 'funade ship <app>', 'npm run demo']) {
      await page.getByText(command, { exact: true }).waitFor();
    }
    await screenshot(page, 'empty');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('the switches of language and colours last over a reload, and the server is asked in that language', async () => {
    const page = await open();
    await page.getByLabel('Language').selectOption('ja');
    await page.getByRole('heading', { name: '概要', exact: true }).waitFor();
    await page.getByLabel('配色').selectOption('dark');
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
    await page.reload();
    await page.getByRole('heading', { name: '概要', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
    await expect.poll(() => server.languages.at(-1)).toBe('ja');
  });

  test('on a telephone nothing is cut off or scrolls sideways', async () => {
    const page = await open('/', { viewport: { width: 390, height: 800 } });
    await page.getByRole('table', { name: 'Applications' }).waitFor();
    await page.getByRole('heading', { name: 'Recent runs' }).waitFor();
    await screenshot(page, 'telephone');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await axeViolations(page)).toEqual([]);
  });

  test('the built page loads nothing from elsewhere and has no inline script or style', async () => {
    const html = await readFile(join(browser.dist(), 'index.html'), 'utf8');
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<style|<script(?![^>]*\ssrc=)/);
    expect(html.match(/(?:src|href)="([^"]+)"/g)?.every((link) => /="\/assets\/[\w-]+-[\w-]{8}\.\w+"/.test(link))).toBe(
      true,
    );
  });
});
