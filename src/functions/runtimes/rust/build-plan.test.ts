import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithRust, useWorkshop } from '../../../../test/functions/rust-workers.ts';
import { planBuild } from './build-plan.ts';
import { parseDiagnostics } from './diagnostics.ts';
import { openWorkshop } from './testing.ts';

const ANY = {
  rustc: '/r/bin/rustc',
  sysroot: '/r',
  version: '1.95.0',
  host: 'x86_64-unknown-linux-gnu',
  linker: '/cc',
};

function plan(source: string) {
  const request = { toolchain: ANY, source, file: 'main.rs', directory: '/build', runtime: '/rt/libfunade_rt.rlib' };
  return planBuild({ ...request, out: '/build/function' });
}

test('a program is compiled as it came', () => {
  const source = 'fn main() { funade_rt::serve(|| 1) }';
  expect(plan(source)).toMatchObject({ form: 'program', source, cwd: '/build' });
});

test('a script gets its main behind its last line, even when that is a comment', () => {
  const source = 'fn handler() {} // fn main() {}';
  const { form, source: wrapped } = plan(source);
  expect(form).toBe('script');
  expect(wrapped.startsWith(`${source}\n`)).toBe(true);
  expect(wrapped).toContain('fn main() {\n    ::funade_rt::serve(handler)\n}');
});

test('output that is cut off, or no diagnostic, is left out', () => {
  const error = { $message_type: 'diagnostic', level: 'error', message: 'no', code: null, spans: [], children: [] };
  const output = [
    'error: failed',
    JSON.stringify({ $message_type: 'artifact', artifact: 'a' }),
    JSON.stringify(error),
    JSON.stringify({ ...error, level: 'warning' }),
    JSON.stringify({ ...error, message: 'aborting due to 1 previous error' }),
    JSON.stringify(error).slice(0, 40),
  ].join('\n');
  expect(parseDiagnostics(output, { source: '', file: 'main.rs', directory: '/build' })).toEqual([
    { message: 'no', line: 1, column: 1, code: null, file: 'main.rs' },
  ]);
});

describeWithRust(() => {
  const workshop = useWorkshop();

  async function diagnose(source: string) {
    const built = await workshop().build(source, 'index.rs');
    return built.kind === 'failed' ? built.diagnostics : [];
  }

  test.each([
    [
      'a wrong type',
      'fn handler() -> i32 {\n    let é = 1; "one"\n}',
      { line: 2, column: 16, code: 'E0308', message: 'mismatched types: expected `i32`, found `&str`' },
    ],
    [
      'a semicolon that is missing',
      'fn handler() -> i32 {\n    let a = 1\n    a\n}',
      { line: 2, column: 14, code: null, message: 'expected `;`, found `a`' },
    ],
    [
      'a brace that is never closed',
      '// one\nfn handler() {\n',
      { line: 2, column: 14, code: null, message: 'this file contains an unclosed delimiter' },
    ],
    [
      'a comment that is never closed',
      'fn handler() {}\n/* and',
      { line: 2, column: 1, code: 'E0758', message: 'unterminated block comment' },
    ],
    [
      'no handler',
      'fn handle() {}',
      { line: 1, column: 1, code: 'E0425', message: 'there is no function called handler' },
    ],
    [
      'a result that is no JSON',
      'struct Secret;\nfn handler() -> Secret { Secret }',
      { line: 2, column: 4, code: 'E0277', message: expect.stringContaining('a handler takes (Value)') },
    ],
    [
      'an async handler',
      'async fn handler(_: Value) -> i32 { 1 }',
      { line: 1, column: 10, code: 'E0277', message: expect.stringContaining('is no handler') },
    ],
    [
      'what a macro is given',
      'fn handler() -> String {\n    format!("{}", nothing)\n}',
      { line: 2, column: 19, code: 'E0425', message: expect.stringContaining('cannot find value `nothing`') },
    ],
    [
      'what a macro made',
      'fn handler() {\n    compile_error!("not yet");\n}',
      { line: 2, column: 5, code: null, message: 'not yet' },
    ],
    [
      'a file of the machine that is not there',
      'fn handler() -> &\'static str {\n    include_str!("data.txt")\n}',
      { line: 2, column: 5, code: null, message: expect.stringMatching(/^couldn't read `data\.txt`/) },
    ],
    [
      'a function that is nowhere',
      'extern "C" { fn nowhere(); }\nfn handler() { unsafe { nowhere() } }',
      { code: null, message: 'linking failed: undefined nowhere' },
    ],
  ])('%s is told with its place', async (_, source, expected) => {
    expect(await diagnose(source)).toContainEqual(expect.objectContaining({ file: 'index.rs', ...expected }));
  });

  test('all errors are told, and nothing of the machine', async () => {
    const found = await diagnose('fn handler() -> i32 {\n  let a: u8 = "a";\n  let b: u8 = "b";\n  1\n}');
    expect(found.map(({ line }) => line)).toEqual([2, 3]);
    expect(JSON.stringify(found)).not.toContain(workshop().directory);
  });

  test('warnings stop nothing, not even where the code denies them', async () => {
    const built = await workshop().build('#![deny(warnings)]\nfn unused() {}\nfn handler() { let a = 1; }');
    expect(built.kind).toBe('built');
  });

  test('scripts may begin with inner attributes and comments, and import what the prelude has', async () => {
    const source = '//! About.\n#![allow(dead_code)]\nuse funade_rt::prelude::*;\nuse funade_rt::*;\n';
    const built = await workshop().build(`${source}struct Error;\nfn handler(_: Value) -> Value { json!([1]) }`);
    expect(built.kind).toBe('built');
  });

  test('the examples of the README compile', async () => {
    const text = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
    const examples = [...text.matchAll(/^```rust\n(.*?)^```$/gms)].map(([, example]) => example ?? '');
    expect(examples.length).toBeGreaterThan(2);
    for (const example of examples) await workshop().program(example);
  });

  test('a program may have modules in files beside it', async () => {
    const { diagnostics } = (await workshop().build('mod deeper;\nfn main() {}', 'src/main.rs')) as {
      diagnostics: readonly unknown[];
    };
    expect(diagnostics).toContainEqual({
      message: 'file not found for module `deeper`',
      line: 1,
      column: 1,
      code: 'E0583',
      file: 'src/main.rs',
    });
  });

  test('the same code makes the same bytes in every directory, and they name none', async () => {
    const source = 'fn handler(event: Value) -> Value { panic!("{event}") }';
    const other = await openWorkshop(workshop().toolchain);
    try {
      const programs = await Promise.all([
        workshop().program(source),
        other.program(source),
        workshop().program(source),
      ]);
      const files = await Promise.all(programs.map((program) => readFile(program)));
      const sums = files.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
      expect(new Set(sums).size).toBe(1);
      expect(files[0]?.includes(workshop().directory)).toBe(false);
      expect(files[0]?.includes(import.meta.dirname)).toBe(false);
    } finally {
      await other.close();
    }
  }, 240_000);
});
