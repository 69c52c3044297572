import { defineConfig } from 'vite';

// The pages are served under a policy that allows scripts and styles of our own files only: nothing is
// inlined, and no polyfill of module preloading is put in.
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: true,
    rollupOptions: { output: { entryFileNames: 'assets/[name]-[hash].js', assetFileNames: 'assets/[name]-[hash].[ext]' } },
  },
  server: { proxy: { '/v1': process.env['WAYPOST_DASHBOARD'] ?? 'http://127.0.0.1:8025' } },
});
