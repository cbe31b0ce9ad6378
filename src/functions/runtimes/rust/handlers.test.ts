import { describe, expect, test } from 'vitest';
import { HTTP } from '../../../../test/functions/http-cases.ts';
import { describeWithRust, faultOf, textOf, useRustWorkers } from '../../../../test/functions/rust-workers.ts';
import { FRAME } from '../frames.ts';

const REQUEST = { ...HTTP, path: '/answer' };

describeWithRust(() => {
  const { serve } = useRustWorkers();

  describe('what handlers may be', () => {
    async function result(source: string, event: unknown = {}): Promise<unknown> {
      const worker = await serve(source);
      return await worker.call(event);
    }

    test('a calculation has the answers of the other languages', async () => {
      const worker = await serve(`
          fn handler(event: Value) -> Result<f64, Error> {
              let number = |name: &str| {
                  event["params"][name].as_f64().ok_or_else(|| Error::new("ValidationError", format!("{name} has to be a number")))
              };
              let (a, b) = (number("a")?, number("b")?);
              match event["params"]["op"].as_str().unwrap_or("add") {
                  "add" => Ok(a + b),
                  "multiply" => Ok(a * b),
                  "divide" if b == 0.0 => Err(Error::new("ValidationError", "b is 0")),
                  "divide" => Ok(a / b),
                  other => Err(Error::new("ValidationError", format!("{other} is no operation"))),
              }
          }`);
      const calc = (params: object) => textOf(worker, JSON.stringify({ params }));
      expect(await calc({ a: 1, b: 2 })).toBe('3');
      expect(await calc({ a: 0.1, b: 0.2 })).toBe(String(0.1 + 0.2));
      expect(await calc({ a: 1e200, b: 1e20, op: 'multiply' })).toBe('1e+220');
      expect(await calc({ a: 1, b: 3, op: 'divide' })).toBe(String(1 / 3));
      expect(await calc({ a: 1, b: 0, op: 'divide' })).toBe('ValidationError: b is 0');
      expect(await calc({ a: 'x', b: 0 })).toBe('ValidationError: a has to be a number');
    });

    test('a script without parameters, texts, numbers, options and lists', async () => {
      expect(
        await result('fn handler() -> (Option<f32>, Vec<&\'static str>, bool) { (Some(0.1), vec!["a"], true) }'),
      ).toEqual([0.1, ['a'], true]);
    });

    test('a closure with state and a context by reference', async () => {
      const source = `
        use funade_rt::{Context, Value};
        fn main() {
            let mut count = 0u64;
            funade_rt::serve(move |event: Value, context: &Context| {
                count += 1;
                assert!(event.is_object(), "no object");
                format!("{} {count}", context.request_id)
            })
        }`;
      expect(await result(source)).toBe('request-1 1');
    });

    test('errors may be boxed or texts', async () => {
      const source = `
        fn handler(event: Value) -> Result<(), Box<dyn std::error::Error>> {
            let path = event["path"].as_str().ok_or("path is missing")?;
            std::fs::read(path)?;
            Ok(())
        }`;
      const worker = await serve(source);
      expect(await worker.call({ path: '/etc/hosts' })).toBeNull();
      expect(await faultOf(worker.invoke({}, '{}'))).toEqual({
        errorType: 'Error',
        message: 'path is missing',
        trace: [],
      });
      expect(await faultOf(worker.invoke({}, '{"path":"/nope"}'))).toMatchObject({
        message: expect.stringContaining('os error 2'),
      });
    });

    test('a Response is bytes with status, headers and cookies, and an object for callers that are not HTTP', async () => {
      const source = `
        fn handler(event: Value) -> Response {
            match event["rawPath"].as_str() {
                Some("/json") => Response::json(201, json!({ "a": [1, null, { "b": "é" }], ("c"): 1 + 1 })),
                Some("/bad") => Response::new(99),
                Some("/nan") => Response::json(200, f64::NAN),
                Some("/large") => Response::new(200).body(vec![0; 6 * 1024 * 1024 + 1]),
                _ => Response::new(203).header("X-A", 1).header("x-a", "2").cookie("a=1").body(vec![255, 0]),
            }
        }`;
      const worker = await serve(source);
      const get = (path: string) => worker.invoke({ ...REQUEST, path });
      expect(await get('/')).toEqual({
        kind: 'result',
        meta: { status: 203, headers: { 'x-a': '1,2', 'content-type': 'application/json' }, cookies: ['a=1'] },
        body: Buffer.from([255, 0]),
      });
      expect(await get('/json')).toEqual({
        kind: 'result',
        meta: { status: 201, headers: { 'content-type': 'application/json' }, cookies: [] },
        body: Buffer.from('{"a":[1,null,{"b":"é"}],"c":2}'),
      });
      expect(await get('/bad')).toMatchObject({ fault: { reason: 'bad_response' } });
      expect(await get('/nan')).toMatchObject({ fault: { reason: 'unserialisable' } });
      expect(await get('/large')).toMatchObject({ fault: { reason: 'response_too_large' } });
      expect(await worker.call({})).toEqual({
        statusCode: 203,
        headers: { 'x-a': '1,2' },
        cookies: ['a=1'],
        body: '/wA=',
        isBase64Encoded: true,
      });
    });

    test('a Stream is sent while it is made, in chunks of at most a mebibyte', async () => {
      const source = `
        fn handler(event: Value) -> Stream {
            let breaks_at = event["at"].as_i64().unwrap_or(99);
            let panics_at = event["panics"].as_i64().unwrap_or(99);
            let lines = (0..4).map(move |n| {
                if n == panics_at { panic!("at {n}") }
                if n == breaks_at { return Err(Error::new("Broken", n)) }
                if n == 3 { return Ok(vec![b'x'; 2 * 1024 * 1024 + 5]) }
                Ok(format!("line {n}\\n").into_bytes())
            });
            Stream::new(lines).status(206).header("X-A", "b").cookie("c=d")
        }`;
      const worker = await serve(source);
      const whole = await worker.invoke(REQUEST);
      expect(whole).toMatchObject({
        kind: 'result',
        meta: {
          status: 206,
          headers: { 'x-a': 'b', 'content-type': 'application/octet-stream' },
          cookies: ['c=d'],
          stream: true,
        },
      });
      expect(whole.kind === 'result' && whole.body.toString()).toBe(`line 0\nline 1\nline 2\n${'x'.repeat(2_097_157)}`);
      const chunks = worker.frames.filter(({ type }) => type === FRAME.CHUNK);
      expect(chunks.map(({ body }) => body.length)).toEqual([7, 7, 7, 1_048_576, 1_048_576, 5]);

      expect(await worker.invoke({}, '{"at":2}')).toEqual({
        kind: 'error',
        fault: { errorType: 'Broken', message: '2', trace: [] },
      });
      expect(await worker.invoke({}, '{"panics":1}')).toMatchObject({ fault: { errorType: 'Panic', message: 'at 1' } });
      expect(worker.frames.filter(({ type }) => type === FRAME.ERROR)).toEqual([]);
      expect(await worker.invoke({}, '{"at":0}')).toMatchObject({ fault: { errorType: 'Broken' } });
      expect(worker.frames.filter(({ type }) => type === FRAME.ERROR)).toHaveLength(1);
    });
  });
});
