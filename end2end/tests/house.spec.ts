import { expect, test, type Page } from '@playwright/test';

/** Everything that the page complained about: errors, refused scripts, hydration mismatches. */
function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') heard.push(message.text());
  });
  page.on('pageerror', error => heard.push(String(error)));
  return heard;
}

test('a page comes to life under the content security policy', async ({ page }) => {
  const heard = complaints(page);
  await page.goto('/');
  const button = page.getByRole('button', { name: 'Pressed' });
  await expect(async () => {
    await button.click();
    await expect(button).toHaveText(/Pressed [1-9]/, { timeout: 200 });
  }).toPass();
  expect(heard).toEqual([]);
});

test('the language can be chosen without scripts', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.getByRole('button', { name: 'Русский' }).click();
  await expect(page).toHaveURL('/');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Обе стороны клиента');
  await context.close();
});

test('the browser is greeted in its own language', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'ru-RU' });
  const page = await context.newPage();
  const heard = complaints(page);
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Нажато 0 раз' })).toBeVisible();
  const button = page.getByRole('button', { name: 'Нажато' });
  await expect(async () => {
    await button.click();
    await expect(button).toHaveText(/Нажато [1-9]/, { timeout: 200 });
  }).toPass();
  expect(heard).toEqual([]);
  await context.close();
});

test('an address that leads nowhere says so', async ({ page }) => {
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
});
