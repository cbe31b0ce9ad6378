import { agentExample } from './agent.ts';
import { environmentsExample } from './environments.ts';
import { functionsExample } from './functions.ts';
import { pipelineExample } from './stages.ts';
import { triggersExample } from './triggers.ts';

/** The commented `funade.yaml` that `funade config init` writes: every key with its meaning and default. */
export function appConfigTemplate(app = 'my-app'): string {
  return [
    `# yaml-language-server: $schema=./funade.schema.json
# How Funade takes this application to production. Check it with \`funade config lint\`.
# Durations: 500ms, 10s, 5m, 1h30m, 7d. Shares: 5%. Keys that start with x- are notes of your own.
version: 1
# Name of the application: a–z, 0–9 and -, starting with a letter.
app: ${app}
`,
    triggersExample,
    functionsExample,
    pipelineExample,
    environmentsExample,
    agentExample,
  ].join('\n');
}
