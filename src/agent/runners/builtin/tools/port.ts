import { z } from 'zod';
import type { PlanItem } from '../../../port.ts';
import type { RunInBox } from '../box.ts';

/** Where the tools work. */
export interface ToolPlace {
  /** Absolute, real path of the checkout. */
  readonly root: string;
  readonly home: string;
  /** Characters that one result may have. */
  readonly cap: number;
  readonly signal: AbortSignal;
  readonly runInBox: RunInBox;
  /** Hides secrets. */
  readonly redact: (text: string) => string;
}

export type ToolEnd =
  | { readonly kind: 'ok'; readonly text: string }
  /** The model can do something about it. `invalid`: the call itself made no sense. */
  | { readonly kind: 'refused'; readonly text: string; readonly invalid: boolean }
  | { readonly kind: 'plan'; readonly items: readonly PlanItem[] }
  | { readonly kind: 'proposed'; readonly items: readonly PlanItem[]; readonly text: string }
  | { readonly kind: 'finished'; readonly summary: string };

/** `look` changes nothing; `change` may; `steer` is about the work itself. */
export type ToolNature = 'look' | 'change' | 'steer';

export interface BuiltinTool {
  readonly name: string;
  readonly description: string;
  readonly nature: ToolNature;
  /** JSON schema of its arguments. */
  readonly schema: Readonly<Record<string, unknown>>;
  call(input: unknown, place: ToolPlace): Promise<ToolEnd>;
}

/** What a tool throws when the model asked for what can't be; the text is for the model. */
export class Refused extends Error {}

interface Definition<T> {
  readonly name: string;
  readonly description: string;
  readonly nature: ToolNature;
  readonly input: z.ZodType<T>;
  readonly call: (input: T, place: ToolPlace) => Promise<ToolEnd>;
}

export function defineTool<T>({ name, description, nature, input: shape, call }: Definition<T>): BuiltinTool {
  const schema = z.toJSONSchema(shape, { target: 'draft-7' });
  return {
    ...{ name, description, nature, schema },
    call: async (input, place) => {
      const parsed = shape.safeParse(input);
      if (!parsed.success) return refusal(`The arguments do not fit: ${z.prettifyError(parsed.error)}`, true);
      try {
        return await call(parsed.data, place);
      } catch (thrown) {
        if (thrown instanceof Refused) return refusal(thrown.message, false);
        const code = (thrown as NodeJS.ErrnoException).code;
        if (code !== undefined) return refusal(`The file system refused: ${code}`, false);
        throw thrown;
      }
    },
  };
}

export function done(text: string): ToolEnd {
  return { kind: 'ok', text };
}

export function refusal(text: string, invalid = false): ToolEnd {
  return { kind: 'refused', text, invalid };
}

/** Whole numbers from 1; models write them as texts, too. */
export function count(description: string): z.ZodOptional<z.ZodCoercedNumber> {
  return z.coerce.number().int().min(1).optional().describe(description);
}
