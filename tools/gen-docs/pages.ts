import { renderCli } from './cli.ts';
import { renderConfiguration } from './configuration.ts';
import { renderErrors } from './errors.ts';
import { renderGuardConfiguration } from './guard-configuration.ts';
import { renderWebhooks } from './webhooks.ts';

export interface Page {
  /** Path relative to the repository. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

/** Every page of the reference that is written from code. */
export const PAGES: readonly Page[] = [
  { path: 'docs/reference/errors.md', render: () => renderErrors('en') },
  { path: 'docs/ja/reference/errors.md', render: () => renderErrors('ja') },
  { path: 'docs/reference/configuration.md', render: () => renderConfiguration('en') },
  { path: 'docs/ja/reference/configuration.md', render: () => renderConfiguration('ja') },
  { path: 'docs/reference/guard-configuration.md', render: () => renderGuardConfiguration('en') },
  { path: 'docs/ja/reference/guard-configuration.md', render: () => renderGuardConfiguration('ja') },
  { path: 'docs/reference/cli.md', render: () => renderCli('en') },
  { path: 'docs/ja/reference/cli.md', render: () => renderCli('ja') },
  { path: 'docs/reference/webhooks.md', render: () => renderWebhooks('en') },
  { path: 'docs/ja/reference/webhooks.md', render: () => renderWebhooks('ja') },
];

/** The text of a page with the line that says where it comes from. */
export async function renderPage(page: Page): Promise<string> {
  const text = await page.render();
  return `<!-- Written by \`node tools/gen-docs/main.ts\`; change the code that it describes. -->\n\n${text}`;
}
