import { expect, test } from 'vitest';
import { parseAppConfig } from '../config/index.ts';
import { deliverable } from './catalog.ts';
import type { ReleaseRow } from './store.ts';

const YAML =
  'version: 1\napp: shop\npipeline: [{ deploy: prod }]\nenvironments: { prod: { target: noop, onFailure: issue } }\n';

function rowOf(config: unknown): ReleaseRow {
  const row = {
    id: 'rel_1',
    app: 'shop',
    number: 1,
    artifact_digest: 'sha256:0',
    secrets: {},
    commit: {},
    commit_sha: 'c',
  };
  return { ...row, config } as unknown as ReleaseRow;
}

const artifacts = { locate: () => Promise.resolve('/artifact') } as unknown as Parameters<typeof deliverable>[0];

test('a release that was sealed before environments could open issues opens none', async () => {
  const parsed = parseAppConfig(YAML, 'funade.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const { agent: _agent, ...old } = parsed.value;
  const { onFailure: _issue, ...prod } = old.environments['prod'] ?? { onFailure: null };
  const now = await deliverable(artifacts, rowOf(parsed.value), 'prod');
  const then = await deliverable(artifacts, rowOf({ ...old, environments: { prod } }), 'prod');
  expect([now.config.onFailure, then.config.onFailure]).toEqual(['issue', null]);
});
