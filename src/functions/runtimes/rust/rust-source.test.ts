import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findTopFunctions } from './rust-source.ts';

function names(source: string): readonly string[] {
  return findTopFunctions(source).map(({ name }) => name);
}

test.each([
  ['fn main() {}', ['main']],
  ['pub async unsafe extern "C" fn main() {}', ['main']],
  ['fn\n  /* here */ main() {}', ['main']],
  ['// fn main() {}\nfn handler() {}', ['handler']],
  ['/* fn main() {} /* nested */ fn main() {} */ fn handler() {}', ['handler']],
  ['const A: &str = "fn main() {} \\" fn main()"; fn handler() {}', ['handler']],
  ['const A: &str = r#"fn main() { " "#; fn handler() {}', ['handler']],
  ['const A: &[u8] = br##"{ "# fn main() "##; const B: &CStr = c"{"; fn handler() {}', ['handler']],
  ["const A: char = '{'; const B: u8 = b'\\''; const C: char = '\\u{7b}'; fn main() {}", ['main']],
  ["const A: char = '😀'; fn a<'a>(b: &'a str) {} fn main() {}", ['a', 'main']],
  ['mod m { fn main() {} }\nfn handler() {}', ['handler']],
  ['impl A { fn main() {} }\nmacro_rules! m { () => { fn main() {} } }', []],
  ['type A = fn(i32) -> i32;\nfn handler(a: fn()) {}', ['handler']],
  ['fn r#main() {} fn mainly() {}', ['r#main', 'mainly']],
  ['fn größe() {} fn main() {}', ['größe', 'main']],
  ['} fn main() {}', ['main']],
  ['fn broken( { fn main() {}', ['broken']],
  ['"never closed fn main() {}', []],
  ['/* never closed fn main() {}', []],
])('of %j the functions at the top are %j', (source, expected) => {
  expect(names(source)).toEqual(expected);
});

test('places are counted as rustc counts: from 1, in characters', () => {
  expect(findTopFunctions('use a;\n\n/* 😀 */ fn handler() {}')).toEqual([{ name: 'handler', line: 3, column: 12 }]);
});

test('any text is read to its end, and long ones in a moment', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      names(text);
    }),
  );
  for (const part of ['"', "'", '/*', 'r#"', '{', '\\', 'fn ', 'é', '"\\']) names(part.repeat(200_000));
  expect(names(`const A: &str = "${'x'.repeat(1_000_000)}"; fn main() {}`)).toEqual(['main']);
});
