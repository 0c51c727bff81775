// Our own people: let in, moved, and let go, by the administrator alone.
import { alive, Desk, expect, pageOf, password, test } from './house';

test.use({ who: 'ada' });

test('a colleague is added, invited, signs in, and is out the moment they leave', async ({ page, browser }) => {
  await page.goto('/company');
  await alive(page);
  await page.getByText('Add a colleague').click();
  const form = page.locator('form[data-command="colleague.join"]');
  await form.getByLabel('Name').fill('Pavel Ivanov');
  await form.getByLabel('E-mail').fill('pavel@twofront.example');
  await form.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('link', { name: 'Change: Pavel Ivanov' }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.getByText(/\/join\?link=/).innerText();
  await page.reload();
  await expect(page.getByText(/\/join\?link=/)).toHaveCount(0);

  // Somebody else's browser: nobody is signed in there.
  const context = await browser.newContext({ locale: 'en-GB', storageState: { cookies: [], origins: [] } });
  const pavel = await context.newPage();
  await pavel.goto(new URL(link.trim()).pathname + new URL(link.trim()).search);
  await pavel.getByLabel('New password').fill(password);
  await pavel.getByRole('button', { name: 'Save and sign in' }).click();
  await expect(pavel).toHaveURL('/');

  await page.getByText('Has left the company').click();
  await page.getByRole('button', { name: 'Mark as left' }).click();
  await expect(page.getByRole('link', { name: 'Change: Pavel Ivanov' })).toHaveCount(0);
  await pavel.goto('/handoffs');
  await expect(pavel).toHaveURL(/\/sign-in/);
  await context.close();
});

test('a unit is founded and stands under another one', async ({ page, request }) => {
  await page.goto('/company');
  await alive(page);
  await page.getByText('Found a unit').click();
  const form = page.locator('form[data-command="unit.found"]');
  await form.getByLabel('Name').fill('Customs desk');
  await form.getByLabel('Under').selectOption({ label: 'Logistics' });
  await form.getByRole('button', { name: 'Found' }).click();
  await page.getByRole('link', { name: 'Customs desk', exact: true }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Customs desk' })).toBeVisible();
  type Directory = { units: Record<string, { name: string; under: string | null }> };
  const { units } = await Desk.ofAda(request).view<Directory>('whole/directory');
  expect(Object.values(units).find(unit => unit.name === 'Customs desk')?.under).toBeTruthy();
});

test('nobody else is offered any of it', async ({ browser }) => {
  const kira = await pageOf(browser, 'kira');
  await kira.goto('/company');
  await expect(kira.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(kira.getByText('Add a colleague')).toHaveCount(0);
  await expect(kira.getByText('Found a unit')).toHaveCount(0);
});
