import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { type Plugin, defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Puts `boot.ts` into the head as a classic, render-blocking script with a hashed name. */
function bootScript(): Plugin {
  let building = false;
  return {
    name: 'funade-boot-script',
    configResolved(config) {
      building = config.command === 'build';
    },
    buildStart() {
      if (building) this.emitFile({ type: 'chunk', id: `${root}boot.ts`, name: 'boot' });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        if (context.bundle === undefined) {
          return [{ tag: 'script', attrs: { type: 'module', src: '/boot.ts' }, injectTo: 'head-prepend' }];
        }
        const boot = Object.values(context.bundle).find((file) => file.type === 'chunk' && file.name === 'boot');
        if (boot?.type !== 'chunk') throw new Error('boot.ts was not built');
        if (boot.imports.length > 0) throw new Error('boot.ts must import nothing: it is loaded as a classic script');
        return [{ tag: 'script', attrs: { src: `/${boot.fileName}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}

export default defineConfig({
  root,
  base: '/',
  plugins: [react(), bootScript()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
});
