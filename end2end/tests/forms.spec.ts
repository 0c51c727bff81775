// What the browser adds to the forms: drafts, refusals at their field, the focus, the undo that goes.
import { alive, anna, contoso, Desk, expect, northwind, test } from './house';

const story = (page: import('@playwright/test').Page) => page.getByLabel('What happened');
const unfold = (page: import('@playwright/test').Page) => page.getByText('More: when, where, people, next step').click();

test('a draft waits for its person, its form and its thing, with every field', async ({ page }) => {
  await page.goto(`/log?account=${northwind}`);
  await alive(page);
  await story(page).fill('They asked about the lanes');
  await page.getByRole('radio', { name: 'Call' }).click();
  await unfold(page);
  await page.getByLabel('Anna Petrova').check();
  await page.getByLabel('By when').fill('2026-06-20');
  await page.goto(`/log?account=${contoso}`);
  await alive(page);
  await expect(story(page)).toHaveValue('');
  await page.goto(`/log?account=${northwind}`);
  await alive(page);
  await expect(page.locator('.draft:visible')).toContainText('Your draft is back in the form.');
  await expect(story(page)).toHaveValue('They asked about the lanes');
  await expect(page.getByLabel('Anna Petrova')).toBeChecked();
  await expect(page.getByLabel('By when')).toHaveValue('2026-06-20');
  await page.getByRole('button', { name: 'Discard it' }).click();
  await expect(story(page)).toHaveValue('');
  await page.reload();
  await alive(page);
  await expect(page.locator('.draft:visible')).toHaveCount(0);
});

test('a draft waits for a month and no longer', async ({ page }) => {
  await page.goto(`/log?account=${northwind}`);
  await alive(page);
  await story(page).fill('They asked for a month of thought');
  const typed = Date.now();
  const returnAfter = async (days: number) => {
    await page.clock.setFixedTime(typed + days * 24 * 3_600_000);
    await page.reload();
    await alive(page);
  };
  await returnAfter(29);
  await expect(story(page)).toHaveValue('They asked for a month of thought');
  await returnAfter(31);
  await expect(story(page)).toHaveValue('');
  expect(await page.evaluate(() => Object.keys(localStorage).filter(name => name.startsWith('draft ')))).toEqual([]);
});

test('a refusal opens what hides its field and is told there', async ({ page }) => {
  await page.goto(`/log?account=${northwind}`);
  await alive(page);
  await story(page).fill('A visit');
  await unfold(page);
  await page.getByLabel('Time').fill('14:05');
  await unfold(page);
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  const day = page.getByLabel('When', { exact: true });
  await expect(day).toBeFocused();
  await expect(day).toHaveAccessibleDescription(/Choose the day as well/);
  await expect(page.getByRole('alert')).toContainText('When: choose the day as well');
  // Also where only the server can know.
  await page.getByLabel('Time').fill('');
  await day.fill('2031-01-01');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(day).toHaveAccessibleDescription(/This day has not come yet/);
  await expect(day).toBeFocused();
  await day.fill('');
  await story(page).fill('');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(story(page)).toBeFocused();
  await expect(page.getByText('Choose the day as well')).toHaveCount(0);
});

test('a new page is announced by its heading, and a place in it is where the address leads', async ({ page }) => {
  await page.goto('/');
  await alive(page);
  await page.getByRole('link', { name: 'Northwind' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Northwind' })).toBeFocused();
  await page.getByRole('link', { name: /promise/ }).click();
  await expect(page).toHaveURL(/#steps$/);
  expect(await page.evaluate(() => document.querySelector(':target')?.id)).toBe('steps');
});

test('what was said goes with its page, and can be closed', async ({ page }) => {
  await page.goto(`/log?account=${northwind}`);
  await alive(page);
  await story(page).fill('Asked for the tariff');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(page).toHaveURL(`/accounts/${northwind}`);
  const said = page.locator('.toast');
  await expect(said).toContainText('Logged.');
  await said.getByRole('button', { name: 'Undo' }).click();
  await expect(said).toContainText('Taken back.');
  await page.keyboard.press('Escape');
  await expect(said).toHaveCount(0);
});

test('the letters of the keys are found on a Russian layout, and can be switched off', async ({ page }) => {
  await page.goto('/settings');
  await alive(page);
  const press = (key: string, code: string) =>
    page.evaluate(
      ([key, code]) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true })),
      [key, code],
    );
  await press(',', 'Slash');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await press('.', 'Slash');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.getByRole('button', { name: 'Letters are keys' }).click();
  await page.getByRole('heading', { level: 1 }).click();
  await press('.', 'Slash');
  await expect(page.getByRole('searchbox')).not.toBeFocused();
});

test('the language changes and the address stays', async ({ page }) => {
  await page.goto('/?scope=all&sort=name');
  await alive(page);
  await page.getByRole('button', { name: /: menu$/ }).click();
  await page.getByRole('button', { name: 'Русский' }).click();
  await expect(page).toHaveURL('/?scope=all&sort=name');
});

test('logging from a contact begins with them', async ({ page }) => {
  await page.goto(`/contacts/${anna}`);
  await alive(page);
  await page.keyboard.press('c');
  await expect(page).toHaveURL(`/log?contact=${anna}`);
  await unfold(page);
  await expect(page.getByLabel('Anna Petrova')).toBeChecked();
});

test('a next step is agreed on an entry, and dropped with a reason', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam and its steps');
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await story(page).fill('They will think about it');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  const entry = page.locator('.entry', { hasText: 'They will think about it' });
  await entry.locator('summary').first().click();
  await entry.getByText('Agree on a next step').click();
  await entry.getByRole('textbox', { name: 'Next step' }).fill('Ask again in July');
  await entry.getByRole('button', { name: 'Agree' }).click();
  const step = page.locator('#steps li', { hasText: 'Ask again in July' });
  await expect(step).toBeVisible();
  // The entry is another one now, and as open as it was.
  await expect(entry.getByRole('definition').getByText('Ask again in July')).toBeVisible();
  await step.getByText('Drop', { exact: true }).first().click();
  await step.getByLabel('Why is it dropped?').fill('They have decided');
  // A second one on the same entry is another command, and takes no form from the first.
  await entry.getByText('Agree on a next step').click();
  await entry.getByRole('textbox', { name: 'Next step' }).fill('Ask their buyer, too');
  await entry.getByRole('button', { name: 'Agree' }).click();
  const second = page.locator('#steps li', { hasText: 'Ask their buyer, too' });
  await expect(second).toBeVisible();
  await expect(step.getByLabel('Why is it dropped?')).toHaveValue('They have decided');
  await step.getByRole('button', { name: 'Drop' }).click();
  await expect(step).toHaveCount(0);
  await second.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('#steps')).toContainText('Nothing is promised.');
});

test('what somebody fills in stays open, typed and refused while others write', async ({ page, request }) => {
  const desk = Desk.ofAda(request);
  const account = await desk.account('Fabrikam at a busy hour');
  const step = { step: crypto.randomUUID(), personal: { what: 'Ask again in August' } };
  const interaction = crypto.randomUUID();
  const details = { front: 'client', account, personal: { summary: 'They want to think' } };
  await desk.ask(`interaction/${interaction}`, 'log', { details, next_steps: [step] });
  await page.goto(`/accounts/${account}`);
  await alive(page);
  const promised = page.locator('#steps li', { hasText: 'Ask again in August' });
  await promised.getByText('Drop', { exact: true }).first().click();
  await promised.getByRole('button', { name: 'Drop' }).click();
  const why = promised.getByLabel('Why is it dropped?');
  await expect(why).toHaveAccessibleDescription(/Fill in this field/);
  await desk.log(account, 'Somebody else rang them');
  await expect(page.locator('.entry', { hasText: 'Somebody else rang them' })).toBeVisible();
  await expect(promised.getByRole('alert')).toContainText('Fill in this field.');
  await expect(why).toHaveAccessibleDescription(/Fill in this field/);
  await why.fill('They have decided');
  await desk.log(account, 'And rang them again');
  await expect(page.locator('.entry', { hasText: 'And rang them again' })).toBeVisible();
  await expect(why).toHaveValue('They have decided');
  await promised.getByRole('button', { name: 'Drop' }).click();
  await expect(page.locator('#steps')).toContainText('Nothing is promised.');
});

test('nothing typed is lost to a colleague who was faster', async ({ page, request }) => {
  const desk = await Desk.of(request, 'kira');
  const contact = crypto.randomUUID();
  const details = { name: 'Vera Orlova' };
  await desk.ask(`contact/${contact}`, 'introduce', { account: contoso, details });
  await page.goto(`/contacts/${contact}/edit`);
  await alive(page);
  await page.getByLabel('Job title').fill('Head of lanes');
  await desk.ask(`contact/${contact}`, 'describe', { details: { ...details, phone: '+49 40 1' } });
  await page.getByRole('button', { name: 'Save' }).first().click();
  await page.getByRole('button', { name: 'Load what changed, keep what I typed' }).click();
  await alive(page);
  await expect(page.locator('.draft:visible')).toContainText('Your draft is back in the form.');
  await expect(page.getByLabel('Job title')).toHaveValue('Head of lanes');
  await page.getByRole('button', { name: 'Save' }).first().click();
  await expect(page).toHaveURL(`/contacts/${contact}`);
  await expect(page.getByText('Head of lanes')).toBeVisible();
});
