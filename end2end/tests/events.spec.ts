// The raw log: what analysts read. It is all there, and offers nothing to change.
import { alive, expect, northwind, test } from './house';

test.use({ who: 'nina' });

test('a filter lives in the address, and a row opens what was recorded', async ({ page }) => {
  await page.goto('/events');
  await alive(page);
  await page.getByLabel('What').selectOption({ value: 'interaction.logged' });
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page).toHaveURL(/type=interaction\.logged/);
  const rows = page.locator('tr[id^=p]');
  await expect(rows.first()).toContainText('interaction logged');
  expect(await rows.filter({ hasNotText: 'interaction logged' }).count()).toBe(0);
  await page.reload();
  await expect(rows.first()).toContainText('interaction logged');
  await rows.first().locator('summary').click();
  await expect(page.getByRole('region', { name: /as recorded/ }).first()).toContainText('"type": "logged"');
  await page.getByRole('link', { name: 'Show everything' }).click();
  await expect(page).toHaveURL('/events');
});

test('an analyst reads, and is offered nothing to write', async ({ page }) => {
  for (const address of ['/', `/accounts/${northwind}`, '/handoffs', '/alignment', '/events']) {
    await page.goto(address);
    await alive(page);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Log', exact: true })).toHaveCount(0);
    await expect(page.locator('form[data-command]')).toHaveCount(0);
  }
  await page.keyboard.press('c');
  await expect(page).toHaveURL('/events');
  const answer = await page.goto('/log');
  expect(answer?.status()).toBe(403);
});

test("clients' people are sealed from an analyst, on the page and in the log", async ({ page }) => {
  await page.goto(`/accounts/${northwind}`);
  await expect(page.locator('main')).not.toContainText('Anna Petrova');
  await page.goto('/events?type=contact.introduced');
  await expect(page.locator('tr[id^=p]').first()).toBeVisible();
  expect(await page.content()).not.toContain('Anna Petrova');
});
