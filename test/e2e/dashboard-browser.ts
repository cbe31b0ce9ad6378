import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

export const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function isChromiumThere(): boolean {
  try {
    accessSync(CHROMIUM, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface DashboardBrowser {
  /** Folder of the built page. */
  dist(): string;
  /** Exceptions and breaches of the content security policy, of this test. */
  faults(): readonly string[];
  open(address: string, options?: BrowserContextOptions): Promise<Page>;
}

/** Builds the page once and opens it in chromium, for the tests of the `describe` that it is called in. */
export function useDashboardBrowser(): DashboardBrowser {
  let dist: string;
  let browser: Browser;
  let faults: string[] = [];

  beforeAll(async () => {
    dist = await mkdtemp(join(tmpdir(), 'funade-web-'));
    // Under the test runner NODE_ENV is `test`, and React would be built for development.
    const { NODE_ENV: _, ...env } = process.env;
    const vite = join(import.meta.dirname, '../../node_modules/vite/bin/vite.js');
    const build = ['build', join(import.meta.dirname, '../../web'), '--outDir', dist, '--emptyOutDir'];
    await promisify(execFile)(process.execPath, [vite, ...build], { env });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: 120_000 });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await rm(dist, { recursive: true, force: true });
  });

  beforeEach(() => {
    faults = [];
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  return {
    dist: () => dist,
    faults: () => faults,
    open: async (address, options = {}) => {
      const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) faults.push(message.text());
      });
      await page.goto(address);
      return page;
    },
  };
}

export async function axeViolations(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html).join(' | ')}`);
}

/** For a person who looks at the pages: written to the folder that `FUNADE_SCREENSHOTS` names. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['FUNADE_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
