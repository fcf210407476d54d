// Unit tests live beside the code (*.test.ts). The browser's tests, tests/*.spec.ts, need a running service:
// DERWENT_URL=http://localhost:8080 npx vitest run --config tests/vitest.config.ts
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  test: { include: ['{shared,staff,patient,stage}/**/*.test.ts'], environment: 'node' },
})
