export const routes = { overview: '/', run: '/runs/:id' } as const;

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}
