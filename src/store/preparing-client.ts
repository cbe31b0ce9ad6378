import { hash } from 'node:crypto';
import pg from 'pg';

/** Statements that one connection may hold prepared, and uses after which one is worth it. */
const MOST_STATEMENTS = 80;
const WORTH_IT = 3;
const PLAN_CHANGED = '0A000';

type Query = (...args: readonly unknown[]) => unknown;

/**
 * A connection that prepares what it is asked again and again: parsing and planning cost PostgreSQL more than most of our statements do. A statement whose plan no longer fits
 * (another process has migrated a table) fails once, and from then on the connection prepares nothing; whoever sent it tries
 * again, as after any other conflict.
 */
export class PreparingClient extends pg.Client {
  readonly #statements = new Map<string, { readonly name: string; uses: number }>();
  #isPreparing = true;

  constructor(config?: pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as Query;
    const query: Query = (text, values, ...rest) => {
      if (typeof text !== 'string' || !Array.isArray(values) || rest.length > 0) return plain(text, values, ...rest);
      if (values.length > 0) return this.#ask(plain, text, values);
      return text === 'begin' ? this.#begin(plain) : plain(text, values);
    };
    this.query = query as typeof this.query;
  }

  /** Travels with the first statement of the transaction. Without it that must not run, so its failure ends the connection. */
  #begin(plain: Query): Promise<object> {
    (plain('begin') as Promise<unknown>).catch(() => void this.end().catch(() => {}));
    return Promise.resolve({ command: 'BEGIN', rowCount: null, rows: [] });
  }

  #ask(plain: Query, text: string, values: readonly unknown[]): unknown {
    const name = this.#nameOf(text);
    if (name === undefined) return plain(text, values);
    return (plain({ name, text, values }) as Promise<unknown>).catch((thrown: unknown) => {
      if ((thrown as { code?: unknown }).code === PLAN_CHANGED) this.#isPreparing = false;
      throw thrown;
    });
  }

  /** A name for a statement that is worth preparing. */
  #nameOf(text: string): string | undefined {
    if (!this.#isPreparing) return undefined;
    const known = this.#statements.get(text);
    if (known !== undefined) {
      known.uses += 1;
      return known.uses > WORTH_IT ? known.name : undefined;
    }
    if (this.#statements.size < MOST_STATEMENTS)
      this.#statements.set(text, { name: hash('sha1', text, 'hex'), uses: 1 });
    return undefined;
  }
}
