import { isAbsolute } from 'node:path';
import { FunadeError, isFunadeError } from '../../kernel/index.ts';
import { type Artifacts, type SealedArtifact, createDrafts, isStorageFull } from '../../store/index.ts';
import { type CodeOrigin, badCode } from './code-faults.ts';
import { writeInline } from './inline.ts';
import { ZIP_LIMITS } from './limits.ts';
import { type SmallTree, createSmallTrees } from './small-trees.ts';
import { unpackZip } from './zip.ts';

const SMALL_BYTES = 1024 * 1024;
const CACHE_BYTES = 32 * 1024 * 1024;

/** What a store of artifacts has to hold code to: `createArtifacts({ directory, ...CODE_RULES })`. */
export const CODE_RULES = {
  limits: { files: ZIP_LIMITS.entries, bytes: ZIP_LIMITS.bytes },
  links: 'refused',
} as const;

export interface CodeStoreOptions {
  /** Holds to `CODE_RULES`; its directory may be that of other artifacts. */
  readonly artifacts: Artifacts;
  /** Directory of its own in which code is unpacked; made when it is missing. */
  readonly temporary: string;
}

/**
 * The code of functions by its content: the same files are there once and have the same digest, however they arrived. Entries
 * named `.git` are left out. What is refused (`FUN_BAD_REQUEST` with its faults) or does not fit (`FUN_STORAGE_FULL`) leaves
 * nothing behind.
 */
export interface CodeStore {
  /** At most 50 MB, 250 MB unpacked and 20 000 entries; see `unpackZip`. */
  putZip(bytes: Buffer): Promise<SealedArtifact>;
  /** Contents by path, at most 1 MB; see `writeInline`. */
  putFiles(files: Readonly<Record<string, string>>): Promise<SealedArtifact>;
  /** The directory of its files, or null when it is not there. */
  locate(digest: string): Promise<string | null>;
  /**
   * Its files in base64 by path, or null when it is not there or has more than `limit` bytes of contents or of
   * names; 1 MB when left out. Which of them
   * are executable is not told. Those used last are kept in memory, 32 MB of them; the object is shared, and frozen.
   */
  readSmall(digest: string, limit?: number): Promise<SmallTree | null>;
}

export function createCodeStore({ artifacts, temporary }: CodeStoreOptions): CodeStore {
  const drafts = createDrafts(temporary, 0o700);
  const smallTrees = createSmallTrees(artifacts.locate, CACHE_BYTES);

  async function put(origin: CodeOrigin, unpack: (directory: string) => Promise<void>): Promise<SealedArtifact> {
    try {
      return await drafts.use(async (directory) => {
        await unpack(directory);
        return await artifacts.seal(directory);
      });
    } catch (thrown) {
      throw asBadCode(origin, thrown);
    }
  }

  return {
    putZip: (bytes) => put('code.zip', (directory) => unpackZip(bytes, directory)),
    putFiles: (files) => put('code.files', (directory) => writeInline(files, directory)),
    locate: (digest) => artifacts.locate(digest),
    readSmall: (digest, limit = SMALL_BYTES) => smallTrees.read(digest, limit),
  };
}

/** What the artifacts refuse they tell about a build, and of the whole with a path of this server; who sends code knows neither. */
function asBadCode(origin: CodeOrigin, thrown: unknown): unknown {
  if (isStorageFull(thrown)) return new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
  if (!isFunadeError(thrown) || thrown.code !== 'FUN_ARTIFACT_REFUSED') return thrown;
  const path = String(thrown.values['path']);
  const message = `it can't be stored: ${String(thrown.values['reason'])}`;
  return badCode(origin, [isAbsolute(path) ? { message } : { entry: path, message }]);
}
