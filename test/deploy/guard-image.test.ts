import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { podOf } from './guard-config.ts';
import { guardFolder, overlay, repository } from './guard-manifests.ts';

const dockerfile = readFileSync(join(guardFolder, 'Dockerfile'), 'utf8');

/** Packages that a module loads with everything that it imports at once; a type is nothing to load. */
function packagesOf(entries: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type\b)(?:([^;]*?) from )?'([^']+)';/gm);
    for (const [, names = '', specifier = ''] of imports) {
      if (onlyTypes(names) || specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) visit(resolve(file, '..', specifier));
      else
        packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  };
  for (const entry of entries) visit(join(repository, entry));
  return packages;
}

function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1]?.split(',') ?? [];
  const named = list.map((name) => name.trim()).filter((name) => name !== '');
  return named.length > 0 && named.every((name) => name.startsWith('type '));
}

test('the image holds the packages that the command line and the guard load, and no other', () => {
  const kept = /new Set\('([^']+)'\.split/.exec(dockerfile)?.[1]?.split(' ') ?? [];
  expect(kept.toSorted()).toEqual(
    [
      ...packagesOf(['src/cli/index.ts', 'src/config/index.ts', 'src/guard/index.ts', 'src/guard/metrics.ts']),
    ].toSorted(),
  );
});

test('the image runs as the user that the pod asks for', () => {
  const { runAsUser, runAsGroup } = podOf(overlay('production'))['securityContext'] as Readonly<Record<string, number>>;
  expect(dockerfile).toContain(`USER ${runAsUser}:${runAsGroup}`);
  expect(dockerfile.match(/^FROM (\S+)/gm)).toEqual(['FROM node:24-slim', 'FROM node:24-slim', 'FROM node:24-slim']);
});
