// stackctl test -- npx playwright test
import { defineConfig } from '@playwright/test';

export default defineConfig({
  use: { baseURL: process.env.STACKCTL_URL_WEB },
  reporter: process.env.CI ? [['junit', { outputFile: 'playwright.xml' }], ['list']] : 'list',
});
