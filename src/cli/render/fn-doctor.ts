import type { RuntimesView } from '../../api/contract/index.ts';
import { type TextKey, textOf } from '../locales/index.ts';
import { fixLines, indent, paragraph } from './block.ts';
import { type Line, type Tone, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { clean, padEnd, widthOf } from './text.ts';

const MARKS = {
  good: { icon: '✔', ascii: '+', tone: 'good' },
  bad: { icon: '✖', ascii: 'x', tone: 'bad' },
  warn: { icon: '!', ascii: '!', tone: 'warn' },
} as const satisfies Readonly<Record<string, { readonly icon: string; readonly ascii: string; readonly tone: Tone }>>;

interface Row {
  readonly mark: keyof typeof MARKS;
  readonly word: TextKey;
  readonly name: string;
  readonly finding: string;
  readonly fix: string | null;
}

/** Names of the layers that are known by now; the server may know more. */
const LAYERS: ReadonlyMap<string, TextKey> = new Map([
  ['namespaces', 'layer.namespaces'],
  ['identity', 'layer.identity'],
  ['seccomp', 'layer.seccomp'],
  ['memory', 'layer.memory'],
  ['processes', 'layer.processes'],
  ['freezing', 'layer.freezing'],
]);

/** Tier, layers, languages and memory: what functions run with on a server. */
export function renderRuntimes(found: RuntimesView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const { isolation, runtimes, memory } = found;
  const layers = isolation.layers.map(({ name, active, detail, fix }): Row => {
    const known = LAYERS.get(name);
    const state = active
      ? ({ mark: 'good', word: 'layer.holds' } as const)
      : ({ mark: 'bad', word: 'layer.lacks' } as const);
    return { ...state, name: known === undefined ? name : text(known), finding: detail, fix };
  });
  const languages = runtimes.map(({ name, available, version, reason, fix }): Row =>
    available
      ? { mark: 'good', word: 'check.ok', name, finding: version ?? '', fix: null }
      : { mark: 'warn', word: 'language.missing', name, finding: reason ?? '', fix },
  );
  const widths = widthsOf([...layers, ...languages], screen);
  const lines: readonly Line[] = [
    ...tierLines(found, screen),
    ...layers.flatMap((row) => rowLines(row, widths, screen)),
    [span('')],
    [span(text('runtimes.languages'), 'strong')],
    ...languages.flatMap((row) => rowLines(row, widths, screen)),
    [span('')],
    [
      span(text('runtimes.memory'), 'strong'),
      span(`  ${text('runtimes.memoryUsed', { used: Math.round(memory.used), total: Math.round(memory.total) })}`),
    ],
  ];
  return lines.map((line) => print(line, screen));
}

function tierLines({ isolation, untrusted }: RuntimesView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const { tier, reason } = isolation;
  const { icon, ascii, tone } = MARKS[tier === 'A' ? 'good' : 'warn'];
  const start: Line = [
    span(screen.ascii ? ascii : icon, tone),
    span(` ${text('runtimes.tier', { tier })}  `, 'strong'),
  ];
  const words = tier === 'C' ? text(`tier.C.${untrusted}`) : text(`tier.${tier}`);
  const depth = start.reduce((sum, part) => sum + widthOf(part.text), 0);
  // Of tier B the reason is the list of layers, which follows.
  const why = tier === 'C' && !isolation.layers.some(({ detail }) => detail === reason) ? [reason] : [];
  return [
    ...paragraph(start, words, { width: screen.width }),
    ...why.flatMap((each) => paragraph([span(' '.repeat(depth))], each, { width: screen.width, tone: 'dim' })),
  ];
}

interface Widths {
  readonly word: number;
  readonly name: number;
}

function widthsOf(rows: readonly Row[], { language }: Screen): Widths {
  const text = textOf(language);
  return {
    word: Math.max(...rows.map(({ word }) => widthOf(text(word)))),
    name: Math.max(...rows.map(({ name }) => widthOf(clean(name)))),
  };
}

function rowLines({ mark, word, name, finding, fix }: Row, widths: Widths, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const { icon, ascii, tone } = MARKS[mark];
  const start: Line = [
    span(`  ${screen.ascii ? ascii : icon} ${padEnd(text(word), widths.word)}`, tone),
    span(`  ${padEnd(clean(name), widths.name)}  `, 'strong'),
  ];
  const depth = start.reduce((sum, part) => sum + widthOf(part.text), 0);
  const inner = { ...screen, width: Math.max(20, screen.width - depth) };
  return [
    ...paragraph(start, finding, { width: screen.width }),
    ...(fix === null ? [] : indent(fixLines(fix, inner), ' '.repeat(depth))),
  ];
}
