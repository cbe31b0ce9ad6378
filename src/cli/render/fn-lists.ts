import type {
  FunctionAliasView,
  FunctionVersionView,
  FunctionView,
  ListedInvocationView,
} from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { indent, paragraph } from './block.ts';
import type { Line } from './line.ts';
import { ago } from './lists.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';

const WIDE = 100;

export function renderFunctions(functions: readonly FunctionView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.name', least: 12 },
      { title: 'column.runtime' },
      { title: 'column.newest' },
      { title: 'column.type' },
      { title: 'column.by', least: 6 },
      { title: 'column.changed' },
      ...onWide(screen, [{ title: 'column.description', least: 11 } as const]),
    ],
    functions.map((found) => ({
      cells: [
        { text: found.name, tone: 'strong' },
        found.language,
        found.version === 0 ? '-' : `v${found.version}`,
        text(`functionType.${found.type}`),
        found.user_id,
        ago(Date.parse(found.updated_at), screen),
        ...onWide(screen, [found.description || '-']),
      ],
    })),
    screen,
  );
}

export function renderVersions(
  versions: readonly FunctionVersionView[],
  aliases: readonly FunctionAliasView[],
  screen: Screen,
): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.functionVersion' },
      { title: 'column.runtime' },
      ...onWide(screen, [
        { title: 'column.memory', align: 'right' } as const,
        { title: 'column.timeout', align: 'right' } as const,
      ]),
      { title: 'column.digest' },
      { title: 'column.aliases', least: 10 },
      { title: 'column.by', least: 6 },
      { title: 'column.published' },
    ],
    versions.map(({ number, digest, config, fault, publishedBy, publishedAt }) => ({
      cells: [
        { text: `v${number}`, tone: 'strong' },
        wordOf(config['runtime']),
        ...onWide(screen, [
          typeof config['memory'] === 'number' ? `${config['memory']} MB` : '-',
          typeof config['timeout'] === 'number' ? formatDuration(config['timeout']) : '-',
        ]),
        { text: shortDigest(digest), tone: 'dim' },
        fault === null ? aliasesOf(number, aliases) || '-' : { text: text('fn.notUp'), tone: 'bad' },
        publishedBy,
        ago(publishedAt, screen),
      ],
    })),
    screen,
  );
}

export function renderAliases(aliases: readonly FunctionAliasView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.alias', least: 10 },
      { title: 'column.versions' },
      { title: 'column.sticky', least: 10 },
      { title: 'column.revision', align: 'right' },
      { title: 'column.changed' },
    ],
    aliases.map((alias) => ({
      cells: [
        { text: alias.name, tone: 'strong' },
        weightsText(alias.weights),
        stickyText(alias.sticky),
        String(alias.revision),
        ago(alias.updatedAt, screen),
      ],
    })),
    screen,
  );
}

export function renderDeadLetters(letters: readonly ListedInvocationView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.id' },
      { title: 'column.qualifier', least: 6 },
      { title: 'column.tries', align: 'right' },
      { title: 'column.givenUp' },
      { title: 'column.by', least: 5 },
    ],
    letters.map(({ id, qualifier, attempts, failure, requestedBy, requestedAt, finishedAt }) => {
      return {
        cells: [id, qualifier ?? '-', String(attempts), ago(finishedAt ?? requestedAt, screen), requestedBy],
        below: failure === null ? [] : failureLines(failure, screen),
      };
    }),
    screen,
  );
}

function failureLines(
  { code, errorType, message }: NonNullable<ListedInvocationView['failure']>,
  screen: Screen,
): readonly Line[] {
  const isTyped = errorType === null || message.startsWith(errorType);
  const words = `${code}: ${isTyped ? message : `${errorType}: ${message}`}`;
  return indent(paragraph([], words, { width: screen.width - 2, tone: 'bad' }), '  ');
}

/** One line: what was published, and whether it is new. */
export function renderDeployed(
  deployed: { readonly function: FunctionView; readonly version: FunctionVersionView; readonly isNew: boolean },
  screen: Screen,
): string[] {
  const text = textOf(screen.language);
  const { function: found, version, isNew } = deployed;
  return renderTable(
    [
      { title: 'column.name', least: 12 },
      { title: 'column.functionVersion' },
      { title: 'column.digest', least: 19 },
      { title: 'column.state' },
    ],
    [
      {
        cells: [
          { text: found.name, tone: 'strong' },
          { text: `v${version.number}`, tone: 'strong' },
          version.digest,
          text(isNew ? 'deployed.new' : 'deployed.known'),
        ],
      },
    ],
    screen,
  );
}

/** Columns that a narrow screen does without; programs that read `--plain` get them at any width. */
function onWide<T>({ width, plain }: Screen, columns: readonly T[]): readonly T[] {
  return plain === true || width >= WIDE ? columns : [];
}

/** `v3`, or the shares of two versions: `v1 90%, v2 10%`. */
export function weightsText(weights: FunctionAliasView['weights']): string {
  const [only] = weights;
  if (weights.length === 1 && only?.weight === 100) return `v${only.version}`;
  return weights.map(({ version, weight }) => `v${version} ${weight}%`).join(', ') || '-';
}

/** Aliases that give this version traffic; those that give it only a part say which. */
function aliasesOf(number: number, aliases: readonly FunctionAliasView[]): string {
  return aliases
    .flatMap(({ name, weights }) => {
      const weight = weights.find(({ version }) => version === String(number))?.weight ?? 0;
      if (weight === 0) return [];
      return [weight === 100 ? name : `${name} ${weight}%`];
    })
    .join(', ');
}

function stickyText(sticky: FunctionAliasView['sticky']): string {
  if (sticky === null) return '-';
  return 'header' in sticky ? `header ${sticky.header}` : `cookie ${sticky.cookie}`;
}

function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/u, '').slice(0, 12);
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : '-';
}
