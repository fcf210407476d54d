// Builds three single-page entries into dist: staff/, app/ (sources in patient/) and stage/; hashed files are shared in assets/.
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

const here = import.meta.dirname
const service = process.env['DERWENT_URL'] ?? 'http://localhost:8080'

/** The patient's page is served at /app/, from the sources in patient/. */
function patientIsServedAsApp(): Plugin {
  return {
    name: 'patient-is-served-as-app',
    closeBundle() {
      if (this.meta.watchMode) return
      mkdirSync(resolve(here, 'dist/app'), { recursive: true })
      renameSync(resolve(here, 'dist/patient/index.html'), resolve(here, 'dist/app/index.html'))
      rmSync(resolve(here, 'dist/patient'), { recursive: true })
    },
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = request.url?.split('?')[0] ?? ''
        if (!/\.\w+$/.test(path)) {
          if (path.startsWith('/staff')) request.url = '/staff/index.html'
          else if (path.startsWith('/app')) request.url = '/patient/index.html'
        }
        next()
      })
    },
  }
}

export default defineConfig({
  root: here,
  plugins: [svelte(), patientIsServedAsApp()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // A strict Content-Security-Policy allows neither data: fonts nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        staff: resolve(here, 'staff/index.html'),
        patient: resolve(here, 'patient/index.html'),
        stage: resolve(here, 'stage/index.html'),
        'app/service-worker': resolve(here, 'patient/service-worker.ts'),
        'staff/service-worker': resolve(here, 'staff/notifications/service-worker.ts'),
      },
      output: {
        // The workers' addresses must not change: browsers ask for them by name.
        entryFileNames: (chunk) => (chunk.name.endsWith('/service-worker') ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    proxy: {
      '/api': service,
      '/mobile': { target: service, ws: true },
    },
  },
})
