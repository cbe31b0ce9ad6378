export type Runtime = 'nodejs' | 'python' | 'rust';

/** A function of one file. */
export interface FunctionSource {
  readonly runtime: Runtime;
  /** As people write it. */
  readonly language: string;
  readonly handler: string;
  readonly file: string;
  readonly text: string;
  /** What a line has to begin with to be a comment. */
  readonly comment: string;
}

type Form = Omit<FunctionSource, 'text'>;

const NODEJS: Form = {
  runtime: 'nodejs',
  language: 'Node.js',
  handler: 'index.handler',
  file: 'index.mjs',
  comment: '//',
};
const PYTHON: Form = {
  runtime: 'python',
  language: 'Python',
  handler: 'index.handler',
  file: 'index.py',
  comment: '#',
};
const RUST: Form = { runtime: 'rust', language: 'Rust', handler: 'main.rs', file: 'main.rs', comment: '//' };

/** What the node:vm peer runs too. */
export const NODEJS_HANDLER = `function handler(event) {
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: event.body };
}`;

/** They answer with the body that they got. */
export const ECHOES: Readonly<Record<Runtime, FunctionSource>> = {
  nodejs: { ...NODEJS, text: `export ${NODEJS_HANDLER}\n` },
  python: {
    ...PYTHON,
    text: `def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": event["body"]}
`,
  },
  rust: {
    ...RUST,
    text: `use funade_rt::{json, Value};

fn handler(event: Value) -> Value {
    json!({ "statusCode": 200, "headers": { "content-type": "application/json" }, "body": event["body"].clone() })
}

fn main() {
    funade_rt::serve(handler)
}
`,
  },
};

/** What tells a `MORTAL` to end its process instead of answering. */
export const END_EVENT = '{"end":true}';

/** They answer, or end the process that they run in: the next call then finds none. */
export const MORTALS: Readonly<Record<Runtime, FunctionSource>> = {
  nodejs: {
    ...NODEJS,
    text: `export function handler(event) {
  if (event.end) process.exit(0);
  return event;
}
`,
  },
  python: {
    ...PYTHON,
    text: `import os

def handler(event, context):
    if event.get("end"):
        os._exit(0)
    return event
`,
  },
  rust: {
    ...RUST,
    text: `use funade_rt::Value;

fn handler(event: Value) -> Value {
    if event["end"].as_bool() == Some(true) {
        std::process::exit(0);
    }
    event
}

fn main() {
    funade_rt::serve(handler)
}
`,
  },
};

/** The same function as a text that was never seen before. */
export function unique(source: FunctionSource, mark: string): FunctionSource {
  return { ...source, text: `${source.comment} ${mark}\n${source.text}` };
}

/** Takes long enough that calls at the same time each need an instance of their own. */
export const SLOW: FunctionSource = {
  ...NODEJS,
  text: `export async function handler(event) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { statusCode: 200, body: event.body };
}
`,
};

export const ENDLESS: FunctionSource = { ...NODEJS, text: 'export function handler() {\n  for (;;);\n}\n' };

export const HEAP_HOG: FunctionSource = {
  ...NODEJS,
  text: `export function handler() {
  const kept = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
}
`,
};

export const FORK_BOMB: FunctionSource = {
  ...PYTHON,
  text: `import os

def handler(event, context):
    while True:
        try:
            os.fork()
        except OSError:
            pass
`,
};
