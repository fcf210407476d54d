// Unit tests live beside the code (*.test.ts). The browser's tests, tests/*.spec.ts, need a running service:
// `npm run test:pages`.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte()],
  test: { include: ['{shared,staff,patient,stage}/**/*.test.ts'], environment: 'node' },
})
