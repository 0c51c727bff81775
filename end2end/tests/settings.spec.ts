// What people choose for themselves.
import { alive, Desk, expect, handedOut, test } from './house';

test.use({ who: 'maxim' });

test('the language changes on the page where one is, with all that its address says', async ({ page }) => {
  await page.goto('/events?type=handoff');
  await alive(page);
  await page.getByRole('button', { name: /: menu$/ }).click();
  await page.getByRole('button', { name: 'Русский' }).click();
  await expect(page).toHaveURL('/events?type=handoff');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
  await expect(page.getByRole('heading', { level: 1, name: 'События' })).toBeVisible();
});

test('the colours are chosen, whatever the device says', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/settings');
  await alive(page);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.getByRole('button', { name: 'Dark' }).click();
  await expect.poll(paper).not.toBe(light);
  await page.getByRole('button', { name: 'As the device' }).click();
  await expect.poll(paper).toBe(light);
});

test('an access token is shown once, works, and works no more once revoked', async ({ page, request }) => {
  await page.goto('/settings');
  await alive(page);
  await page.getByLabel('What is the new one for?').fill('nightly report');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const token = (await page.getByText(/^\s*tf_\S+\s*$/).innerText()).trim();
  const answer = () => request.get('/api/views/handoffs', { headers: { authorization: `Bearer ${token}` } });
  expect((await answer()).status()).toBe(200);
  await page.reload();
  await expect(page.getByText(token)).toHaveCount(0);
  await page.getByRole('button', { name: 'Revoke “nightly report”' }).click();
  await expect(page.getByText('The token is revoked')).toBeVisible();
  expect((await answer()).status()).toBe(401);
});

test('a stranger to a token has none', async ({ request }) => {
  const maxim = await Desk.of(request, 'maxim');
  await maxim.view('handoffs');
  expect(handedOut('town', 'token-maxim')).toMatch(/^tf_/);
});

test.describe('in Vladivostok', () => {
  test.use({ timezoneId: 'Asia/Vladivostok' });

  test('ten o’clock is ten o’clock where one is, until another zone is chosen', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin in the east');
    // The device was in Minsk when it was here last: the page is made anew for where it has landed.
    await page.goto(`/log?account=${account}`);
    await alive(page);
    await page.getByLabel('What happened', { exact: true }).fill('They showed the new quay');
    await page.locator('summary', { hasText: 'More' }).click();
    await page.getByLabel('When', { exact: true }).fill('2026-06-14');
    await page.getByLabel('Time', { exact: true }).fill('10:00');
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    const when = page.locator('.entry', { hasText: 'the new quay' }).locator('time.when');
    await expect(when).toHaveAttribute('datetime', '2026-06-14T00:00:00Z');
    await expect(when).toContainText('10:00');

    await page.goto('/settings');
    await alive(page);
    await expect(page.getByText('Now: Asia/Vladivostok.')).toBeVisible();
    const zone = page.getByLabel('Show days and hours as they are in');
    await zone.fill('Mars/Olympus');
    await zone.press('Enter');
    await expect(page.getByRole('alert')).toContainText('There is no time zone “Mars/Olympus”');
    await zone.fill('Europe/Minsk');
    await zone.press('Enter');
    await expect(page.getByText('Now: Europe/Minsk.')).toBeVisible();
    await page.goto(`/accounts/${account}`);
    await expect(when).toContainText('3:00');
  });
});
