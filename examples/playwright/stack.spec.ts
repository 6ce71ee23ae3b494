import { expect, test } from '@playwright/test';

test('the site answers', async ({ page }) => {
  const answer = await page.goto('/');
  expect(answer?.status()).toBeLessThan(500);
});
