// The first quarter of an hour: set up, load the sample with one click, look round, take it back.
import { expect, test, type Page } from '@playwright/test';
import { alive, handedOut, password } from './house';

test.describe.configure({ mode: 'serial' });

let page: Page;
test.beforeAll(async ({ browser }) => {
  page = await browser.newPage();
});
test.afterAll(() => page.close());

test('the front door of a product that is not set up says where its link is', async () => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByText('open the one-time link that the server printed')).toBeVisible();
  await expect(page.getByLabel('Password')).toHaveCount(0);
});

test('the link that the server printed makes the first administrator', async () => {
  const link = /\/setup\?link=\S+/.exec(handedOut('field', 'said'));
  await page.goto(link?.[0] ?? '/no link was printed');
  await page.getByLabel('Your name').fill('Ada Lindqvist');
  await page.getByLabel('E-mail').fill('ada@twofront.example');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page).toHaveURL('/');
  await expect(page.getByRole('heading', { level: 2, name: 'Your accounts will be here' })).toBeVisible();
});

test('the sample export comes with one click, with its accounts, people and history', async () => {
  await page.getByRole('button', { name: 'Load the sample export' }).click();
  await expect(page).toHaveURL(/\/import\?done=/);
  await expect(page.getByText('Imported.')).toBeVisible();
  await page.getByRole('link', { name: 'To the accounts' }).click();
  await expect(page.locator('main tbody tr')).toHaveCount(22);
  await page.getByRole('searchbox').fill('chapman');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Chapman Fowler and Lee' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Chapman Fowler and Lee' })).toBeVisible();
  // Eight tasks of the export name it, five by its contacts alone.
  await expect(page.locator('.entry')).not.toHaveCount(0);
});

test('it is taken back as a whole, and nothing is left on any page', async () => {
  await page.goto('/import');
  await alive(page);
  await page.getByRole('row', { name: /imported/ }).getByText('Take back').first().click();
  await page.getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByRole('row', { name: /taken back/ })).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 2, name: 'Your accounts will be here' })).toBeVisible();
});

test('a generated company says on every page that it is one', async () => {
  await page.getByRole('button', { name: 'Load a generated company' }).click();
  await expect(page).toHaveURL(/\/import/);
  // The page follows a long import by itself.
  await expect(page.getByRole('row', { name: /made-up company no\. 7.*imported/ })).toBeVisible({ timeout: 45_000 });
  for (const address of ['/', '/handoffs', '/alignment', '/events']) {
    await page.goto(address);
    await expect(page.getByText('are made up by a program')).toBeVisible();
    await expect(page.locator('main').getByRole('link').first()).toBeVisible();
  }
});
