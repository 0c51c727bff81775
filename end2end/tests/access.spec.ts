// Who is signed in.
import { expect, test } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { email, password } from './house';

test('a page leads to the sign-in and back', async ({ page }) => {
  await page.goto('/handoffs');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await page.getByLabel('E-mail').fill(email('kira'));
  await page.getByLabel('Password').fill('not this one at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('E-mail')).toHaveValue(email('kira'));
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/handoffs');
  await page.getByRole('button', { name: /: menu$/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
});

for (const address of ['/sign-in', '/setup?link=none', '/join?link=none']) {
  for (const locale of ['en-GB', 'ru-RU']) {
    test.describe(locale, () => {
      test.use({ locale });
      test(`${address} is sound`, async ({ page }) => {
        await page.goto(address);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        const name = address.split(/[/?]/)[1];
        await expect(page.locator('main')).toMatchAriaSnapshot({ name: `${name}.${locale.slice(0, 2)}.aria.yml` });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([]);
      });
    });
  }
}

test('a stranger learns nothing from the doors for programs', async ({ request }) => {
  for (const address of ['/api/events', '/api/views/portfolio', '/api/events/live?after=0']) {
    const answer = await request.get(address);
    expect(answer.status()).toBe(401);
    expect(answer.headers()['content-type']).toContain('application/problem+json');
  }
});
