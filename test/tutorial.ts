/** Reads a tutorial as a reader with a terminal does: what is to be typed, and what is to be seen. */

export interface Step {
  /** Heading above it, and which block below that heading it is. */
  readonly title: string;
  readonly commands: string;
  /** Exit code of the last command; `# exit code 3` behind it says another one than 0. */
  readonly code: number;
  /** What is quoted of the output; null where nothing is. */
  readonly output: string | null;
}

const PART = /^(?:#{1,6} (?<heading>.+)|```(?<kind>\w*)\n(?<body>[\s\S]*?)^```)$/gm;
const CODE = /\s# exit code (\d+)\s*$/;

/** Every `sh` block is a step; a `text` block behind it is its output. */
export function readSteps(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let heading = '';
  let count = 0;
  for (const { groups = {} } of markdown.matchAll(PART)) {
    const { heading: found, kind, body = '' } = groups;
    if (found !== undefined) {
      heading = found;
      count = 0;
    } else if (kind === 'sh') {
      count += 1;
      const code = Number(CODE.exec(body)?.[1] ?? 0);
      steps.push({ title: `${heading}, block ${count}`, commands: body, code, output: null });
    } else if (kind === 'text') {
      const last = steps.pop();
      if (last === undefined) throw new Error(`"${heading}" quotes an output of no command`);
      if (last.output !== null) throw new Error(`"${last.title}" has two outputs`);
      steps.push({ ...last, output: body });
    }
  }
  return steps;
}

/** Whether an output is what was quoted: `…` stands for anything within a line, alone on a line for any lines. */
export function fits(quoted: string, output: string): boolean {
  const pattern = linesOf(quoted)
    .map((line) => (line.trim() === '…' ? '(?:.*\n)*?' : `${line.split('…').map(escaped).join('.*')}[^\\S\n]*\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(`${linesOf(output).join('\n')}\n`);
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\s+$/, '').split(/\r?\n/);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** A shell script that takes the steps one after the other and stops at the first that ends otherwise than it should. */
export function scriptOf(steps: readonly Step[], folder: string): string {
  const lines = steps.map(({ code }, index) => {
    const place = `${folder}/${index}`;
    const act = `. '${place}.sh' >'${place}.out' 2>&1`;
    const note = (what: string) => `printf %s ${what} >'${place}.code'`;
    // In a sourced file `set -e` counts, too: a step that has to succeed ends with its first command that fails.
    if (code === 0) return [note('failed'), 'set -e', act, note('0')].join('\n');
    return ['set +e', act, 'code=$?', note('"$code"'), `[ "$code" -eq ${code} ] || exit 1`].join('\n');
  });
  return `${lines.join('\n')}\n`;
}
