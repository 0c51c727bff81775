// The product's main job: log an interaction, hand work over because of it, see both appear.
import { alive, Desk, expect, logistics, state, test } from './house';

test('an account and one line are logged in three taps and the text', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam in three taps');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/accounts/${account}`);
  await alive(page);
  // One: the button under the thumb. The account is chosen from where we are, and the box has the focus.
  await page.getByRole('link', { name: 'Log', exact: true }).click();
  await expect(page.getByLabel('What happened')).toBeFocused();
  await page.keyboard.type('They want a second lane from March');
  // Two: how. Three: done.
  await page.getByRole('radio', { name: 'Call' }).click();
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/accounts/${account}`));
  const entry = page.locator('.entry', { hasText: 'They want a second lane from March' });
  await expect(entry).toContainText('remote');
  await expect(page.getByRole('status').getByText('Logged.')).toBeVisible();
});

test('what was just logged can be taken back', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam undone');
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await page.getByLabel('What happened').fill('Wrong account');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.entry', { hasText: 'Wrong account' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.entry.retracted')).toContainText('Wrong account');
});

test('work is handed over because of an entry, and both see it live', async ({ page, request, browser }) => {
  const account = await Desk.ofAda(request).account('Fabrikam both fronts');
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await page.getByLabel('What happened').fill('They ask for a customs contact');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(page.locator('.entry', { hasText: 'They ask for a customs contact' })).toBeVisible();

  const lev = await browser.newContext({ storageState: state('lev'), locale: 'ru-RU' });
  const board = await lev.newPage();
  await board.goto('/handoffs');
  await alive(board);

  await page.locator('.entry', { hasText: 'They ask for a customs contact' }).locator('summary').first().click();
  await page.getByRole('link', { name: 'Hand over because of this' }).click();
  await page.getByLabel('What').first().fill('Name a customs contact for Fabrikam');
  await page.locator('select[name=to]').selectOption(`unit/${logistics}`);
  await page.locator('main form[data-command] button[type=submit]').click();
  await expect(page.locator('.entry', { hasText: 'Name a customs contact for Fabrikam' })).toBeVisible();
  await expect(page.locator('.entry', { hasText: 'Name a customs contact for Fabrikam' }).locator('a.because')).toBeVisible();

  // The colleague's board shows it without a reload, and can answer it right there.
  const card = board.locator('.handoff', { hasText: 'Name a customs contact for Fabrikam' });
  await expect(card).toBeVisible();
  await card.getByRole('button', { name: 'Принять' }).click();
  await expect(page.locator('.entry', { hasText: 'accepted' })).toContainText('Lev Morozov');
  await lev.close();
});

test('what is typed survives a reload', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam draft');
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await page.getByLabel('What happened').fill('Half a thought');
  await page.reload();
  await alive(page);
  await expect(page.getByLabel('What happened')).toHaveValue('Half a thought');
});

test('a refused command says why and keeps the text', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam too long');
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await page.getByLabel('What happened').fill('A month-long meeting');
  await page.getByText('More: when, where, people, next step').click();
  await page.getByLabel('Minutes').fill('99999');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('99999 minutes are more than a month');
  await expect(page.getByLabel('What happened')).toHaveValue('A month-long meeting');
});

test('on a phone, a save that got no answer says so where one looks', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam in a dead spot');
  await page.setViewportSize({ width: 390, height: 700 });
  await page.goto(`/log?account=${account}`);
  await alive(page);
  await page.getByLabel('What happened').fill('They called from the motorway');
  await page.getByText('More: when, where, people, next step').click();
  await page.getByLabel('Next step').fill('Call back');
  await page.route('**/api/commands', route => route.abort());
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  const why = page.getByRole('alert').filter({ hasText: 'No answer.' });
  await expect(why).toBeFocused();
  await expect(why).toBeInViewport({ ratio: 1 });
  await page.unroute('**/api/commands');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(page.locator('.entry', { hasText: 'They called from the motorway' })).toHaveCount(1);
});

test('the whole of it goes by keyboard, on a Russian layout too', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Fabrikam by keyboard');
  await page.goto(`/accounts/${account}`);
  await alive(page);
  await page.evaluate(() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'с', code: 'KeyC', bubbles: true })));
  await expect(page.getByLabel('What happened')).toBeFocused();
  await page.keyboard.type('By keyboard alone');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.entry', { hasText: 'By keyboard alone' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await expect(page).toHaveURL('/handoffs');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('an interaction is logged and undone', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Fabrikam without scripts');
    await page.goto(`/log?account=${account}`);
    await page.getByLabel('What happened').fill('Called about the lanes');
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/accounts/${account}`));
    await expect(page.getByText('Called about the lanes')).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.goto(`/accounts/${account}`);
    await expect(page.locator('.entry.retracted')).toContainText('Called about the lanes');
  });

  test('a refused form comes back with what was typed and why', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Fabrikam refuses');
    await page.goto(`/log?account=${account}`);
    await page.getByText('More: when, where, people, next step').click();
    await page.getByLabel('Where').fill('Their canteen');
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    await expect(page.getByText('Fill in this field.')).toBeVisible();
    await expect(page.getByLabel('Where')).toHaveValue('Their canteen');
  });
});
