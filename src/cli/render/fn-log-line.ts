import type { FunctionLogView } from '../../api/contract/index.ts';
import { type Tone, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** Where a line came from: three letters, the same in every language, to search and to cut by. */
const STREAMS = {
  stdout: { mark: 'out', tone: 'dim' },
  stderr: { mark: 'err', tone: 'bad' },
  platform: { mark: 'sys', tone: 'warn' },
} as const satisfies Readonly<Record<FunctionLogView['stream'], { readonly mark: string; readonly tone: Tone }>>;

/** Time, version, stream and text; of an application's function its environment and name, too. Never cut: it is a log. */
export function renderLogLine(line: FunctionLogView, screen: Screen): string {
  const { mark, tone } = STREAMS[line.stream];
  const time = new Date(line.at).toISOString();
  const isAlone = /^\d+$/u.test(line.version);
  const version = isAlone ? `v${line.version}` : clean(line.version);
  const place = isAlone ? [] : [clean(`${line.environment}/${line.function}`)];
  if (screen.plain === true) return [time, version, ...place, mark, clean(line.text)].join('\t');
  return print(
    [
      span(`${time} `, 'dim'),
      ...place.map((words) => span(`${words} `)),
      span(`${version} `),
      span(`${mark} `, tone),
      span(clean(line.text)),
    ],
    screen,
  );
}
