const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
type Unit = keyof typeof UNITS;

/** Bytes of `3MiB`, `3Mi` (as Kubernetes writes it) or a plain number of bytes; `undefined` when it is none of them. */
export function parseSize(value: unknown): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}) ?(B|[KMG]iB?)?$/.exec(String(value)) ?? [];
  if (digits === undefined || !['string', 'number'].includes(typeof value)) return undefined;
  const full = unit.endsWith('i') ? `${unit}B` : unit || 'B';
  const size = Number(digits) * UNITS[full as Unit];
  return Number.isSafeInteger(size) ? size : undefined;
}

/** In the largest unit that it is a whole number of: `3MiB`, `1536KiB`, `1000`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`;
  }
  return String(bytes);
}
