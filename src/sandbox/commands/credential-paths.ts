import { join } from 'node:path';

const NAMES = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.config',
  '.netrc',
  '.npmrc',
  '.pypirc',
  '.git-credentials',
  '.pgpass',
  '.cargo/credentials.toml',
  '.bash_history',
];

/** Where programs keep credentials in a home directory: to be hidden from commands that come from a repository. */
export function credentialPaths(home: string): readonly string[] {
  return NAMES.map((name) => join(home, name));
}
