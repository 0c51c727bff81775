// The first quarter of an hour: set up, load the sample with one click, look round, take it back.
import { expect, test, type Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
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

/** A real export as somebody chooses it on their disk, with a row that nobody can take. */
function exported(): { name: string; mimeType: string; buffer: Buffer }[] {
  return ['Account', 'Contact', 'AccountContactRelation', 'Task'].map(table => {
    const name = `${table}.csv`;
    const rows = readFileSync(`../docs/samples/salesforce/${name}`);
    const broken = table === 'Account' ? Buffer.from(`not-an-id,,,Nobody & Sons${','.repeat(52)}\r\n`) : Buffer.alloc(0);
    return { name, mimeType: 'text/csv', buffer: Buffer.concat([rows, broken]) };
  });
}

test('an export is checked before it is imported, and the rows that cannot be taken come back with the reason', async () => {
  await page.goto('/import');
  await page.getByRole('button', { name: 'Files of the export' }).setInputFiles(exported());
  await expect(page.getByLabel('Only check, record nothing yet')).toBeChecked();
  await page.getByRole('button', { name: 'Upload' }).click();
  const check = page.getByRole('region', { name: 'The check' });
  await expect(check.getByRole('row', { name: /^Account\.csv / }).getByRole('cell')).toHaveText(['23', '22', '0', '0', '1']);
  await expect(page.getByText('16 rows cannot be taken.')).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Account.csv', exact: true }).click(),
  ]);
  expect(readFileSync(await download.path(), 'utf8')).toMatch(/not-an-id.*Nobody & Sons/);
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 2, name: 'Your accounts will be here' })).toBeVisible();
});

test('what was checked is imported as it is, without choosing the files again', async () => {
  await page.goto('/import');
  await page.getByRole('button', { name: 'Import these files' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'The last import' })).toBeVisible();
  await expect(page.getByRole('row', { name: /imported/ })).toBeVisible();
  await page.goto('/');
  await expect(page.locator('main tbody tr')).toHaveCount(22);
});

test('without scripts an export is imported as well, and the same export makes nothing new', async ({ browser }) => {
  const storageState = await page.context().storageState();
  const context = await browser.newContext({ javaScriptEnabled: false, storageState });
  const plain = await context.newPage();
  await plain.goto('/import');
  await plain.getByRole('button', { name: 'Files of the export' }).setInputFiles({ ...exported()[0], name: 'accounts.txt' });
  await plain.getByRole('button', { name: 'Upload' }).click();
  await expect(plain.getByRole('alert')).toContainText('No table was among the files');
  await plain.getByRole('button', { name: 'Files of the export' }).setInputFiles(exported());
  await plain.getByLabel('Only check, record nothing yet').uncheck();
  await plain.getByRole('button', { name: 'Upload' }).click();
  // What is still in progress is looked at again, as its link says.
  await expect(async () => {
    await plain.goto('/import');
    await expect(plain.getByText('0 new events.')).toBeVisible({ timeout: 1_000 });
  }).toPass();
  const all = plain.getByRole('region', { name: 'The last import' }).getByRole('row', { name: /^All/ });
  await expect(all.getByRole('cell').nth(1)).toHaveText('0');
  await context.close();
  await page.goto('/import');
  await page.getByRole('row', { name: /imported/ }).getByText('Take back').first().click();
  await page.getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByRole('row', { name: /imported/ })).toHaveCount(0);
  await page.goto('/');
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
