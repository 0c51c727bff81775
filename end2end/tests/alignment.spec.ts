// Every figure of the course opens exactly the events that it was made of.
import { alive, Desk, expect, logistics, test } from './house';

test('a figure opens its events, no more and no fewer', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Proseware course');
  const [kira, lev] = [await Desk.of(request, 'kira'), await Desk.of(request, 'lev')];
  for (const what of ['Draw the ramp', 'Check the ramp', 'Build the ramp']) {
    const handoff = await kira.offer(account, { unit: logistics }, what, { due: '2026-06-30' });
    await lev.ask(`handoff/${handoff}`, 'accept', {});
    if (what !== 'Build the ramp') await lev.ask(`handoff/${handoff}`, 'complete', { result: 'Done.' });
  }
  await page.goto('/alignment');
  await alive(page);
  const row = page.getByRole('row', { name: /^Proseware course/ });
  await row.getByRole('link', { name: '3 offered' }).click();
  await expect(page.locator('tr[id^=p]')).toHaveCount(3);
  await expect(page.locator('tr[id^=p]').first()).toContainText('handoff offered');
  await expect(page.getByText('Only: offered · Proseware course · Logistics · 3 events')).toBeVisible();
  await page.goBack();
  await row.getByRole('link', { name: '2 of 2 in time' }).click();
  await expect(page.locator('tr[id^=p]')).toHaveCount(2);
  await expect(page.locator('tr[id^=p]').first()).toContainText('handoff completed');
  await page.goBack();
  await row.getByRole('link', { name: /answer .*n\s3/ }).click();
  await expect(page.locator('tr[id^=p]')).toHaveCount(3);
});

test('a figure that is looked at moves with what happens, and so do the events behind it', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Proseware moving');
  const [kira, lev] = [await Desk.of(request, 'kira'), await Desk.of(request, 'lev')];
  const first = await kira.offer(account, { unit: logistics }, 'Draw the gate', { due: '2026-06-30' });
  await page.goto('/alignment');
  await alive(page);
  const row = page.getByRole('row', { name: /^Proseware moving/ });
  await expect(row.getByRole('link', { name: '1 offered' })).toBeVisible();
  await lev.ask(`handoff/${first}`, 'accept', {});
  await expect(row.getByRole('link', { name: '1 accepted' })).toBeVisible();
  await row.getByRole('link', { name: '1 offered' }).click();
  await expect(page.locator('tr[id^=p]')).toHaveCount(1);
  await alive(page);
  await kira.offer(account, { unit: logistics }, 'Check the gate', { due: '2026-06-30' });
  await expect(page.locator('tr[id^=p]')).toHaveCount(2);
  await expect(page.getByText('Only: offered · Proseware moving · Logistics · 2 events')).toBeVisible();
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a figure opens its events as well, and rubbish opens none', async ({ page }) => {
    await page.goto('/alignment');
    await page.getByRole('link', { name: /^\d+ offered/ }).first().click();
    await expect(page).toHaveURL(/figure=offered/);
    await expect(page.locator('tr[id^=p]').first()).toContainText('handoff offered');
    await expect(page.getByText(/^Only: offered · /)).toBeVisible();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page).toHaveURL(/figure=offered/);
    await page.goto('/events?figure=everything');
    await expect(page.locator('tr[id^=p]')).toHaveCount(0);
    await expect(page.getByText('names no figure that there is')).toBeVisible();
  });
});

test('it says that it is a course, and gives no share on few', async ({ page }) => {
  await page.goto('/alignment');
  await expect(page.getByText('A course, not a grade')).toBeVisible();
  // The scale of a chart has its per cent; no figure has, nor a full dot.
  await expect(page.locator('main td').filter({ hasText: '%' })).toHaveCount(0);
  await expect(page.locator('.course .dot:not(.thin)')).toHaveCount(0);
  await expect(page.locator('.course .dot.thin')).not.toHaveCount(0);
});
