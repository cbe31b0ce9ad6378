import { availableParallelism, cpus, loadavg } from 'node:os';
import { measureAgent } from './agent/section.ts';
import { measureFunctions } from './functions/section.ts';
import { measureGuard } from './guard/section.ts';
import { measureIntake } from './intake/section.ts';
import { type BenchOptions, SECTIONS, type SectionName, USAGE, readOptions } from './options.ts';
import { type Figure, type Report, isMet, renderReport } from './report.ts';
import { measureEcho } from './sections/echo.ts';
import { measureStages } from './sections/stages.ts';
import { measureMemory, measureStart } from './sections/start.ts';
import { median } from './statistics.ts';

const SECTION_OF: ReadonlyMap<SectionName, (options: BenchOptions) => Promise<readonly Figure[]>> = new Map([
  ['start', measureStart],
  ['memory', measureMemory],
  ['stages', measureStages],
  ['intake', measureIntake],
  ['agent', measureAgent],
  ['echo', measureEcho],
  ['guard', measureGuard],
  ['functions', measureFunctions],
]);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  if ('fault' in options) {
    console.error(`${options.fault}\n\n${USAGE}`);
    return 1;
  }
  const report = await measure(options);
  console.log(options.json ? JSON.stringify(report, null, 2) : renderReport(report).join('\n'));
  return 0;
}

async function measure(options: BenchOptions): Promise<Report> {
  const before = loadavg()[0] ?? 0;
  const figures: Figure[] = [];
  for (const name of SECTIONS.filter((section) => options.only.includes(section))) {
    console.error(`measuring ${name} …`);
    figures.push(...((await SECTION_OF.get(name)?.(options)) ?? []));
  }
  return {
    at: new Date().toISOString(),
    cpus: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.versions.node,
    load: { before, after: loadavg()[0] ?? 0 },
    figures: figures.map((figure) => ({ ...figure, value: median(figure.rounds), met: isMet(figure) })),
  };
}

try {
  process.exitCode = await main();
} catch (thrown) {
  console.error(thrown);
  process.exitCode = 1;
}
