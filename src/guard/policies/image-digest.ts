const DIGEST = /@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** `registry/app:1@sha256:…` → `sha256:…`; `null` where the image is named by a tag only. */
export function digestOf(image: string): string | null {
  return DIGEST.exec(image)?.[1] ?? null;
}
