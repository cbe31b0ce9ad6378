import { stringify } from 'yaml';
import { type GuardConfig, REPLICA_MODES, loadGuardConfig } from '../../src/config/index.ts';
import { validatingAdmissionPolicy } from '../../src/guard/index.ts';

const HEADER = `# Written by \`node tools/gen-manifests/main.ts\`; change the code that it comes from (src/guard/manifests).
# For an API server from 1.30 on; what it can't do is told in deploy/guard/README.md.
`;

export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** The policies of each mode, with the other settings as they are by default. */
export function generatedFiles(): readonly GeneratedFile[] {
  const { rules, skipNamespaces, language } = defaults();
  return REPLICA_MODES.map((mode) => ({
    path: `deploy/guard/validating-admission-policy/${mode}.yaml`,
    text:
      HEADER +
      validatingAdmissionPolicy({ ...rules, mode, skipNamespaces, language })
        .map(document)
        .join(''),
  }));
}

/** What the guard does when nobody sets anything. */
function defaults(): GuardConfig {
  const nothing = { flags: {}, env: {}, readFile: () => undefined, readDirectory: () => undefined };
  const loaded = loadGuardConfig(nothing);
  if (!loaded.ok) throw new Error('The defaults of the guard are faulty');
  return loaded.value;
}

function document(object: object): string {
  return `---\n${stringify(object, { lineWidth: 0 })}`;
}
