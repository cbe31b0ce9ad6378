import { webHostOf } from '../../forges/index.ts';
import type { ActiveSource, SourceDirectory } from '../sources/port.ts';
import type { Target } from './look.ts';
import type { PolledApplication } from './port.ts';

/**
 * Every repository that is to be looked at, once: those of the sources and those that applications come from. Forges do not
 * tell upper from lower case in their names; the source's spelling is the one that is kept.
 */
export function targetsOf(
  sources: Pick<SourceDirectory, 'all'>,
  applications: readonly PolledApplication[],
): readonly Target[] {
  return sources.all().flatMap((source) => targetsOfSource(source, applications));
}

function targetsOfSource(
  { name: source, forge, apiUrl, repositories }: ActiveSource,
  applications: readonly PolledApplication[],
): readonly Target[] {
  const own = applications.filter((application) => application.source === source);
  const host = webHostOf(forge, apiUrl);
  const names = new Map<string, string>();
  for (const name of [...repositories, ...own.map(({ repository }) => repository.fullName)]) {
    const key = name.toLowerCase();
    if (!names.has(key)) names.set(key, name);
  }
  return [...names].map(([key, fullName]) => ({
    source,
    forge,
    host,
    fullName,
    applications: own.filter(({ repository }) => repository.fullName.toLowerCase() === key),
  }));
}
