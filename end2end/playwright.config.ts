import { defineConfig } from '@playwright/test';

// The server under test: the binary that `make test` built, on a port of its own, with a data folder
// that lives as long as the run. `make test` sets CHROMIUM and TWOFRONT; by hand the defaults do.
const port = Number(process.env.TWOFRONT_E2E_PORT ?? 3117);
const binary = process.env.TWOFRONT ?? '../target/debug/twofront';
const data = process.env.TWOFRONT_E2E_DATA ?? 'test-results/data';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/output',
  snapshotPathTemplate: '{testDir}/snapshots/{testFileName}/{arg}{ext}',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list'], ['html', { open: 'never' }]],
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    trace: 'retain-on-failure',
    locale: 'en-GB',
    timezoneId: 'Europe/Minsk',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'setup', testMatch: '*.setup.ts' },
    // What every page looks like comes before what people do there: that changes the pages.
    { name: 'pages', dependencies: ['setup'], testMatch: ['house.spec.ts', 'access.spec.ts'] },
    { name: 'stories', dependencies: ['pages'], testMatch: ['account.spec.ts', 'forms.spec.ts'] },
  ],
  webServer: {
    command: `exec ./serve.sh ${binary} ${data} ${port}`,
    url: `http://127.0.0.1:${port}/healthz`,
    reuseExistingServer: false,
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: 60_000,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
  },
});
