import { z } from 'zod';
import { agentSchema } from './agent.ts';
import { environmentsSchema } from './environments.ts';
import { name, section } from './fields.ts';
import { functionsSchema } from './functions.ts';
import { stageSchema } from './stages.ts';
import { triggerSchema } from './triggers.ts';

const fileSchema = section({
  version: z.literal(1).describe('Version of this format.'),
  app: name.describe('Name of the application.'),
  on: triggerSchema.optional().describe('Which pushes make a release.'),
  functions: functionsSchema.optional().describe('What runs in an environment whose target is `functions`.'),
  pipeline: z.array(stageSchema).min(1).describe('What a release goes through, in order.'),
  environments: environmentsSchema.optional().describe('Where releases run.'),
  agent: agentSchema.optional().describe('What coding agents may do in this repository.'),
});

/** JSON Schema (draft 2020-12) of `funade.yaml` as people write it, for editors. It accepts all that the parser does. */
export function appConfigJsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Not every editor compiles patterns as Unicode; there `\p{L}` would refuse every name.
      if (jsonSchema.pattern?.includes('\\p{') === true) delete jsonSchema.pattern;
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { '^x-': {} };
    },
  });
  return { ...schema, title: 'funade.yaml' };
}
