export const routes = {
  overview: '/',
  run: '/runs/:id',
  deliveries: '/deliveries',
  delivery: '/deliveries/:id',
  tasks: '/tasks',
  task: '/tasks/:id',
  sources: '/sources',
} as const;

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

export function deliveryPath(id: string): string {
  return `/deliveries/${encodeURIComponent(id)}`;
}

export function taskPath(id: string): string {
  return `/tasks/${encodeURIComponent(id)}`;
}
