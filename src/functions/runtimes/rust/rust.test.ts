import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Reply, type WireWorker, startWorker } from '../../../../test/functions/wire.ts';
import { FRAME } from '../frames.ts';
import { type Workshop, openWorkshop, searchToolchain } from './testing.ts';

const toolchain = await searchToolchain(process.env['PATH'] ?? '', homedir());
if ('missing' in toolchain && process.env['CI'] === 'true') throw new Error(`CI needs Rust: ${toolchain.missing}`);

/** One handler with everything that a call can do: compiling is what takes time here. */
const MANY = `
use funade_rt::prelude::*;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

fn nested(levels: usize) -> Value {
    let mut value = Value::Null;
    for _ in 0..levels {
        value = Value::Array(vec![value]);
    }
    value
}

fn through_proxy(text: &str) -> std::io::Result<String> {
    let proxy = std::env::var("HTTPS_PROXY").unwrap_or_default();
    let mut socket = std::net::TcpStream::connect(proxy.trim_start_matches("http://"))?;
    socket.write_all(text.as_bytes())?;
    socket.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

fn handler(event: Value, context: Context) -> Result<Value, Error> {
    match event["do"].as_str() {
        Some("echo") => Ok(event["value"].clone()),
        Some("count") => Ok(Value::from(CALLS.fetch_add(1, Ordering::SeqCst) + 1)),
        Some("context") => Ok(json!({
            "id": &context.request_id,
            "name": context.function_name,
            "version": context.function_version,
            "arn": &context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "client": &context.client_context,
            "remaining": context.remaining_time_in_millis(),
        })),
        Some("variable") => Ok(std::env::var(event["name"].as_str().unwrap_or_default()).ok().into()),
        Some("directory") => Ok(Value::from(std::env::current_dir()?.display().to_string())),
        Some("error") => Err(Error::new("ValidationError", "a has to be a number")),
        Some("parse") => Ok(Value::from("x".parse::<u32>()?)),
        Some("panic") => panic!("out of {}", "luck"),
        Some("panic in a thread") => Ok(Value::from(std::thread::spawn(|| panic!("aside")).join().is_err())),
        Some("nan") => Ok(json!({ "a": [f64::NAN] })),
        Some("deep") => Ok(nested(event["levels"].as_u64().unwrap_or(0) as usize)),
        Some("large") => Ok(Value::from("x".repeat(event["length"].as_u64().unwrap_or(0) as usize))),
        Some("exit") => std::process::exit(7),
        Some("print") => {
            print!("no line");
            eprint!("error too");
            Ok(Value::Null)
        }
        Some("loop") => loop {
            std::hint::black_box(0);
        },
        Some("sleep") => {
            std::thread::sleep(std::time::Duration::from_millis(event["for"].as_u64().unwrap_or(0)));
            Ok(Value::from("slept"))
        }
        Some("child") => {
            use std::process::{Command, Stdio};
            Command::new("/bin/sleep").arg("5").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            Ok(Value::Null)
        }
        Some("proxy") => Ok(Value::from(through_proxy(event["text"].as_str().unwrap_or_default())?)),
        Some(other) => Err(Error::new("ValidationError", format!("unknown: {other}"))),
        None if event["rawPath"] == "/answer" => Ok(event["body"].as_str().unwrap_or_default().parse()?),
        None => Ok(event),
    }
}

fn main() {
    funade_rt::serve(handler)
}
`;

const FIXTURES = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../test/fixtures/http-events.json'), 'utf8'),
) as {
  readonly events: readonly { name: string; meta: Record<string, unknown>; body: string; event: unknown }[];
  readonly answers: readonly { name: string; value: unknown; meta?: unknown; body?: string; reason?: string }[];
};
const REQUEST = {
  ...(FIXTURES.events[0]?.meta as { kind: 'http'; headers: Record<string, string> }),
  method: 'POST',
  path: '/answer',
};

const NUMBERS = [
  // Right between two numbers of as many digits.
  -5_055_843_889_454_937 / 4,
  2 ** -25,
  2 ** -24,
  0,
  1,
  -1,
  3,
  0.1,
  1.5,
  -2.25,
  1e20,
  1e21,
  1.5e21,
  -1e21,
  1e-6,
  1e-7,
  1.25e-9,
  123456.789,
  5e-324,
  1.7976931348623157e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 60,
  1e15,
  1e16,
  123456789012345680000,
];

/** Bytes; blanks part what belongs together. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe.skipIf('missing' in toolchain)(`with rustc (${'missing' in toolchain ? toolchain.missing : 'here'})`, () => {
  let workshop: Workshop;
  let many = '';
  const workers: WireWorker[] = [];

  beforeAll(async () => {
    if ('missing' in toolchain) return;
    workshop = await openWorkshop(toolchain);
    many = await workshop.program(MANY);
  }, 240_000);
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.kill();
  });
  afterAll(() => workshop?.close());

  async function start(program: string, order: Parameters<WireWorker['load']>[0] = {}): Promise<WireWorker> {
    const worker = startWorker([program]);
    workers.push(worker);
    expect(await worker.load(order)).toEqual({ kind: 'ready' });
    return worker;
  }

  async function fault(reply: Promise<Reply>) {
    const settled = await reply;
    if (settled.kind === 'result') throw new Error(`a result: ${settled.body.toString()}`);
    return settled.fault;
  }

  async function text(worker: WireWorker, body: string | Buffer): Promise<string> {
    const reply = await worker.invoke({}, body);
    return reply.kind === 'result' ? reply.body.toString('utf8') : `${reply.fault.errorType}: ${reply.fault.message}`;
  }

  async function endsWithin(worker: WireWorker, milliseconds: number) {
    const late = new Promise((resolve) => setTimeout(() => resolve('still there'), milliseconds).unref());
    return await Promise.race([worker.exited, late]);
  }

  describe('the life of a worker', () => {
    test('it says what it is, loads, and answers', async () => {
      const worker = await start(many);
      expect(worker.frames.map(({ type, sequence, meta }) => ({ type, sequence, meta }))).toEqual([
        { type: FRAME.READY, sequence: 0, meta: { runtime: 'rust', version: workshop.toolchain.version } },
        { type: FRAME.READY, sequence: 1, meta: {} },
      ]);
      expect(await worker.call({ do: 'echo', value: 'Привет' })).toBe('Привет');
    });

    test('variables of the function are in the environment of the handler, and its directory is the working directory', async () => {
      const worker = await start(many, { variables: { GREETING: 'hé = "x"' }, directory: '/usr' });
      expect(await worker.call({ do: 'variable', name: 'GREETING' })).toBe('hé = "x"');
      expect(await worker.call({ do: 'directory' })).toBe('/usr');
    });

    test.each([
      [{ variables: { 'A=B': '1' } }, 'Runtime.InvalidVariable'],
      [{ variables: { A: 'zero\0byte' } }, 'Runtime.InvalidVariable'],
      [{ directory: '/nowhere' }, 'Runtime.StartError'],
    ])('an order that can not be carried out (%j) is %s', async (order, errorType) => {
      const worker = startWorker([many]);
      workers.push(worker);
      expect(await worker.load(order)).toMatchObject({ kind: 'error', fault: { errorType } });
    });

    test('one process answers all calls, one after the other, in their order', async () => {
      const worker = await start(many);
      const calls = Array.from({ length: 40 }, () => worker.call({ do: 'count' }));
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    test('PING is answered at once, between calls and while a handler runs, and calls behind it wait', async () => {
      const worker = await start(many);
      worker.send(FRAME.PING, 900, null);
      await worker.next(FRAME.PONG, 900);
      const slow = worker.call({ do: 'sleep', for: 1500 });
      const later = worker.call({ do: 'echo', value: 1 });
      worker.send(FRAME.PING, 901, null);
      await worker.next(FRAME.PONG, 901);
      expect(worker.frames.some(({ type }) => type === FRAME.RESULT)).toBe(false);
      expect(await Promise.all([slow, later])).toEqual(['slept', 1]);
    });

    test('after DRAIN it finishes what is open and ends with 0', async () => {
      const worker = await start(many);
      const open = [worker.call({ do: 'sleep', for: 300 }), worker.call({ do: 'echo', value: 2 })];
      worker.send(FRAME.DRAIN, 0, null);
      expect(await Promise.all(open)).toEqual(['slept', 2]);
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    });

    test.each(['loop', 'sleep'])('when fd 3 closes it ends at once, although a handler is in a %s', async (what) => {
      const worker = await start(many);
      void worker.call({ do: what, for: 60_000 }).catch(() => {});
      worker.send(FRAME.PING, 902, null); // answered once the handler is known to take long
      await worker.next(FRAME.PONG, 902);
      (worker.child.stdio[3] as Duplex).destroy();
      expect(await endsWithin(worker, 2000)).toEqual({ code: 0, signal: null });
    });

    test.each([
      ['a frame that is too long', hex('7fffffff')],
      ['a frame of unknown type', hex('00000007 63 00000001 0000')],
      ['a frame that only workers send', hex('00000007 04 00000001 0000')],
      ['meta that is longer than its frame', hex('00000007 03 00000001 0001')],
      ['meta that is no JSON', hex('00000008 03 00000001 0001 7b')],
      ['a second LOAD', hex('00000007 02 00000001 0000')],
    ])('%s ends it with 1 and a word on stderr', async (_, bytes) => {
      const worker = await start(many);
      worker.write(bytes);
      expect(await endsWithin(worker, 5000)).toEqual({ code: 1, signal: null });
      expect(worker.output()).toMatch(/^funade: the host sent no frame: .+\n$/);
    });

    test('without fd 3 it says who starts it', async () => {
      const { spawnSync } = await import('node:child_process');
      const ended = spawnSync(many, { encoding: 'utf8' });
      expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('started by Funade') });
    });

    test('programs that a handler starts do not hold fd 3', async () => {
      const worker = await start(many);
      await worker.call({ do: 'child' });
      const closed = once(worker.child.stdio[3] as Duplex, 'close');
      worker.kill();
      await closed; // and not after the five seconds that the child lives
      expect(await endsWithin(worker, 2000)).toEqual({ code: null, signal: 'SIGKILL' });
    });

    test('what a handler prints is out before its answer, without a line end too', async () => {
      const worker = await start(many);
      await worker.call({ do: 'print' });
      await expect.poll(() => worker.output()).toMatch(/no line/);
      expect(worker.output()).toMatch(/error too/);
    });

    test('exit in a handler is the end of the process', async () => {
      const worker = await start(many);
      await expect(worker.call({ do: 'exit' })).rejects.toThrow('the worker ended (7)');
    });
  });

  describe('the context', () => {
    test('has what AWS Lambda has', async () => {
      const worker = await start(many, { memory: 256, functionVersion: '12' });
      const meta = { requestId: 'r-7', remaining: 1000, arn: 'arn:x', clientContext: { custom: { a: 'é' } } };
      const reply = await worker.invoke({ kind: 'payload', ...meta }, '{"do":"context"}');
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const context = JSON.parse(reply.body.toString()) as { readonly remaining: number };
      expect(context).toEqual({
        id: 'r-7',
        name: 'shop-api',
        version: '12',
        arn: 'arn:x',
        memory: 256,
        client: { custom: { a: 'é' } },
        remaining: expect.any(Number),
      });
      expect(context.remaining).toBeLessThanOrEqual(1000);
      expect(context.remaining).toBeGreaterThan(0);
    });
  });

  describe('faults', () => {
    test('an error has the name of its type and its text', async () => {
      const worker = await start(many);
      expect(await fault(worker.invoke({}, '{"do":"error"}'))).toEqual({
        errorType: 'ValidationError',
        message: 'a has to be a number',
        trace: [],
      });
      expect(await fault(worker.invoke({}, '{"do":"parse"}'))).toMatchObject({
        errorType: 'ParseIntError',
        message: 'invalid digit found in string',
      });
      expect(await fault(worker.invoke({}, JSON.stringify({ do: 'é'.repeat(9000) })))).toMatchObject({
        message: expect.stringMatching(/^unknown: é{4087}$/),
      });
    });

    test('a panic is an answer with its place, is printed, and the process goes on', async () => {
      const worker = await start(many);
      expect(await fault(worker.invoke({}, '{"do":"panic"}'))).toEqual({
        errorType: 'Panic',
        message: 'out of luck',
        trace: [expect.stringMatching(/^main\.rs:\d+:26$/)],
      });
      await expect.poll(() => worker.output()).toContain('out of luck');
      expect(await worker.call({ do: 'panic in a thread' })).toBe(true);
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test.each([
      ['no JSON', '{"a":', 'the event is not JSON: expected a value at byte 5'],
      ['two values', '1 2', 'the event is not JSON: expected the end at byte 2'],
      ['a leading zero', '01', 'the event is not JSON: expected the end at byte 1'],
      ['a trailing comma', '[1,]', 'the event is not JSON: expected a value at byte 3'],
      ['a comment', '{/**/}', 'the event is not JSON: expected a key in quotes at byte 1'],
      ['NaN', 'NaN', 'the event is not JSON: expected a value at byte 0'],
      ['a control character', '"\n"', 'the event is not JSON: expected no control character at byte 1'],
      ['a byte order mark', '\ufeff1', 'the event is not JSON: expected a value at byte 0'],
      ['a wrong escape', '"\\x"', 'the event is not JSON: expected an escape of JSON at byte 1'],
      ['text that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'the event is not UTF-8 at byte 1'],
      ['a number beyond all doubles', '[1e400]', 'the event has a number that no double can hold at byte 1'],
      ['another one', `-${'9'.repeat(400)}`, 'the event has a number that no double can hold at byte 0'],
      ['half of a surrogate pair', '"a\\ud800"', 'the event has half of a surrogate pair at byte 2'],
      ['its other half', '"\\udc00\\ud800"', 'the event has half of a surrogate pair at byte 1'],
      ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001), 'the event is nested deeper than 1000 levels'],
      ['a million levels', '[{"a":'.repeat(500_000), 'the event is nested deeper than 1000 levels'],
    ])('%s is an invalid event', async (_, body, message) => {
      const worker = await start(many);
      expect(await fault(worker.invoke({}, body))).toMatchObject({
        reason: 'invalid_event',
        errorType: 'Runtime.InvalidEvent',
        message: expect.stringContaining(message),
      });
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test.each([
      ['NaN', { do: 'nan' }, 'NaN and infinities are no JSON numbers'],
      ['1,001 levels', { do: 'deep', levels: 1001 }, 'it is nested deeper than 1000 levels'],
      ['a million levels', { do: 'deep', levels: 1_000_000 }, 'it is nested deeper than 1000 levels'],
    ])('%s can not be a result', async (_, event, message) => {
      const worker = await start(many);
      expect(await fault(worker.invoke({}, JSON.stringify(event)))).toMatchObject({
        reason: 'unserialisable',
        errorType: 'Runtime.MarshalError',
        message: expect.stringContaining(message),
      });
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test('a result has at most 6 MiB', async () => {
      const worker = await start(many);
      const whole = 6 * 1024 * 1024;
      expect(await text(worker, JSON.stringify({ do: 'large', length: whole - 2 }))).toHaveLength(whole);
      expect(await fault(worker.invoke({}, JSON.stringify({ do: 'large', length: whole - 1 })))).toEqual({
        errorType: 'Function.ResponseSizeTooLarge',
        message: `the response has ${whole + 1} bytes; ${whole} are allowed`,
        trace: [],
        reason: 'response_too_large',
      });
    });
  });

  describe('JSON', () => {
    test('any value comes back as it was', async () => {
      const worker = await start(many);
      await fc.assert(
        fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
          const sent = JSON.stringify({ do: 'echo', value });
          // Through JSON once before: it has no negative zero.
          expect(JSON.parse(await text(worker, sent))).toStrictEqual(JSON.parse(JSON.stringify(value)));
        }),
        { numRuns: 400 },
      );
    });

    test('numbers read as JavaScript writes them', async () => {
      const worker = await start(many);
      expect(await text(worker, JSON.stringify({ do: 'echo', value: NUMBERS }))).toBe(JSON.stringify(NUMBERS));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), async (value) => {
          expect(await text(worker, JSON.stringify({ do: 'echo', value }))).toBe(JSON.stringify(value));
        }),
        { numRuns: 200 },
      );
    });

    test.each([
      ['{"do":"echo","value":[9223372036854775807,-9223372036854775808,18446744073709551615]}', 'exact to 64 bits'],
      ['{"do":"echo","value":[9007199254740993]}', 'exact beyond 2^53'],
      ['{"do":"echo","value":["\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u00e9\\ud83d\\ude00"]}', 'escapes'],
    ])('%s: %s', async (body) => {
      const worker = await start(many);
      expect(JSON.parse(await text(worker, body))).toEqual((JSON.parse(body) as { value: unknown }).value);
      if (!body.includes('\\')) expect(await text(worker, body)).toBe(body.slice(21, -1));
    });

    test('floats that are whole numbers, negative zero and what is beyond 64 bits are written as JavaScript does', async () => {
      const worker = await start(many);
      const body = '{"do":"echo","value":[1.0,-0,-0.0,1e2,1E+2,123456789012345678901234567890,1e-400]}';
      expect(await text(worker, body)).toBe('[1,0,0,100,100,1.2345678901234568e+29,0]');
    });

    test('keys keep their order; of a key that comes twice the last value counts', async () => {
      const worker = await start(many);
      const body = '{"do":"echo","value":{"b":1,"10":2,"a":3,"2":4,"b":{"__proto__":5}}}';
      expect(await text(worker, body)).toBe('{"b":{"__proto__":5},"10":2,"a":3,"2":4}');
    });

    test('objects with very many keys are read in a moment', async () => {
      const worker = await start(many);
      const keys = Array.from({ length: 200_000 }, (_, index) => `"key ${index}":${index}`);
      const started = performance.now();
      const answer = await text(worker, `{"do":"echo","value":{${keys.join(',')}}}`);
      expect(performance.now() - started).toBeLessThan(5000);
      expect(answer).toBe(`{${keys.join(',')}}`);
    });

    test('1,000 levels go through, arrays and objects', async () => {
      const worker = await start(many);
      const arrays = '['.repeat(1000) + ']'.repeat(1000);
      const objects = '{"a":'.repeat(999) + '{}' + '}'.repeat(999);
      expect(await text(worker, arrays)).toBe(arrays);
      expect(await text(worker, objects)).toBe(objects);
    });

    test('no event is an empty object', async () => {
      const worker = await start(many);
      expect(await text(worker, '')).toBe('{}');
    });
  });

  describe('HTTP', () => {
    test.each(FIXTURES.events)('$name', async ({ meta, body, event }) => {
      const worker = await start(many);
      const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      expect(JSON.parse(reply.body.toString())).toEqual(event);
    });

    test.each(FIXTURES.answers)('$name', async ({ value, meta, body, reason }) => {
      const worker = await start(many);
      const reply = await worker.invoke(
        { ...REQUEST, headers: { 'content-type': 'application/json' } },
        JSON.stringify(value),
      );
      if (reason !== undefined) expect(reply).toMatchObject({ kind: 'error', fault: { reason } });
      else expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body ?? '', 'base64') });
    });

    test.each([
      ['text/html', true],
      ['TEXT/css', true],
      ['application/JSON; charset=utf-8', true],
      ['application/json5', false],
      ['application/xml', true],
      ['application/xml-dtd', true],
      ['application/ld+json', true],
      ['application/graphql', true],
      ['application/javascript', true],
      ['application/octet-stream', false],
      ['image/svg+xml', true],
      ['image/svg+xmlish', false],
      ['a/b; c=d+json', false],
      ['+json', false],
      ['multipart/form-data; boundary=x', false],
    ])('of type %s the body is a text: %s', async (type, isText) => {
      const worker = await start(many);
      const reply = await worker.invoke({ ...REQUEST, path: '/', headers: { 'content-type': type } }, 'abc');
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const expected = isText ? { body: 'abc', isBase64Encoded: false } : { body: 'YWJj', isBase64Encoded: true };
      expect(JSON.parse(reply.body.toString())).toMatchObject(expected);
    });

    test('queries are read as URLSearchParams reads them', async () => {
      const worker = await start(many);
      await fc.assert(
        fc.asyncProperty(
          fc.string({
            unit: fc.constantFrom('a', 'b', '=', '&', '+', '%', '4', '1', 'C3', '%C3%A9', '%ff', '?', '%zz'),
          }),
          async (query) => {
            const reply = await worker.invoke({ ...REQUEST, path: '/', query }, '');
            if (reply.kind === 'error') throw new Error(reply.fault.message);
            const { queryStringParameters: read } = JSON.parse(reply.body.toString()) as Record<string, unknown>;
            const values = new Map<string, string>();
            for (const [name, value] of new URLSearchParams(query)) {
              const before = values.get(name);
              values.set(name, before === undefined ? value : `${before},${value}`);
            }
            expect(read ?? {}).toEqual(Object.fromEntries(values));
          },
        ),
      );
    });

    test('times are those of Date', async () => {
      const worker = await start(many);
      await fc.assert(
        fc.asyncProperty(
          fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
          async (date) => {
            const reply = await worker.invoke({ ...REQUEST, path: '/', time: date.getTime() }, '');
            if (reply.kind === 'error') throw new Error(reply.fault.message);
            const event = JSON.parse(reply.body.toString()) as { requestContext: { time: string } };
            expect(event.requestContext.time).toBe(date.toISOString());
          },
        ),
      );
    });

    test('headers that no frame can hold are a bad response', async () => {
      const worker = await start(many);
      const value = { statusCode: 200, headers: { a: 'x'.repeat(70_000) } };
      expect(await fault(worker.invoke(REQUEST, JSON.stringify(value)))).toMatchObject({
        errorType: 'Function.InvalidResponse',
        reason: 'bad_response',
        message: expect.stringContaining('65535 are allowed'),
      });
    });
  });

  describe('what handlers may be', () => {
    async function result(source: string, event: unknown = {}): Promise<unknown> {
      const worker = await start(await workshop.program(source));
      return await worker.call(event);
    }

    test('a calculation has the answers of the other languages', async () => {
      const worker = await start(
        await workshop.program(`
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
          }`),
      );
      const calc = (params: object) => text(worker, JSON.stringify({ params }));
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
      const worker = await start(await workshop.program(source));
      expect(await worker.call({ path: '/etc/hosts' })).toBeNull();
      expect(await fault(worker.invoke({}, '{}'))).toEqual({
        errorType: 'Error',
        message: 'path is missing',
        trace: [],
      });
      expect(await fault(worker.invoke({}, '{"path":"/nope"}'))).toMatchObject({
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
      const worker = await start(await workshop.program(source));
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
      const worker = await start(await workshop.program(source));
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

  describe('the way out', () => {
    let proxy: Server;
    let path = '';
    beforeAll(async () => {
      if ('missing' in toolchain) return;
      path = join(workshop.directory, 'egress.sock');
      // Answers when its client has said all, so that half of a connection has to be closed on the way.
      proxy = createServer({ allowHalfOpen: true }, (socket) => {
        const heard: Buffer[] = [];
        socket.on('data', (data: Buffer) => heard.push(data));
        socket.on('end', () => socket.end(Buffer.concat([Buffer.from('heard '), ...heard])));
      }).listen(path);
      await once(proxy, 'listening');
    });
    afterAll(() => void proxy?.close());

    test('leads through a port of its own to the socket, with megabytes', async () => {
      const worker = await start(many, { egress: path });
      const long = 'x'.repeat(3_000_000);
      expect(await worker.call({ do: 'proxy', text: 'hi' })).toBe('heard hi');
      expect(await worker.call({ do: 'proxy', text: long })).toBe(`heard ${long}`);
      const address = await worker.call({ do: 'variable', name: 'http_proxy' });
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await worker.call({ do: 'variable', name: 'no_proxy' })).toContain('127.0.0.1');
    });

    test('is not told where the function has a proxy of its own, in either spelling', async () => {
      const worker = await start(many, { egress: path, variables: { https_proxy: 'http://own:1' } });
      expect(await worker.call({ do: 'variable', name: 'https_proxy' })).toBe('http://own:1');
      expect(await worker.call({ do: 'variable', name: 'HTTPS_PROXY' })).toBeNull();
      expect(await worker.call({ do: 'variable', name: 'HTTP_PROXY' })).toMatch(/^http:/);
    });

    test('does not exist without a socket', async () => {
      const worker = await start(many);
      expect(await worker.call({ do: 'variable', name: 'HTTPS_PROXY' })).toBeNull();
    });
  });
});
