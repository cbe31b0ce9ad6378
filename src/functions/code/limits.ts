const MB = 1024 * 1024;

/** What a tree of code holds at most. */
export interface TreeLimits {
  /** Entries; and, counted apart, the directories that their names go through. */
  readonly entries: number;
  /** Contents of all files together. */
  readonly bytes: number;
}

export interface ZipLimits extends TreeLimits {
  /** The zip itself, compressed. */
  readonly zipBytes: number;
}

export const ZIP_LIMITS: ZipLimits = { zipBytes: 50 * MB, bytes: 250 * MB, entries: 20_000 };
export const INLINE_LIMITS: TreeLimits = { bytes: MB, entries: 20_000 };

/** Of a name between two `/`, and of a whole path, both in bytes of UTF-8: more than that no file system takes. */
export const SEGMENT_BYTES = 255;
export const PATH_BYTES = 4096;

/** A number of bytes as the limits are written: `50 MB`, `999 bytes`. */
export function sizeText(bytes: number): string {
  return bytes >= MB ? `${Math.floor((bytes / MB) * 10) / 10} MB` : `${bytes} bytes`;
}
