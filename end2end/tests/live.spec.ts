// A page stays in step with the log whatever becomes of its line to the server: nothing is missed, nothing comes twice.
import { alive, Desk, expect, test } from './house';
import type { Page, Route } from '@playwright/test';

/** What the first lines to the server meet; every later one goes through. */
async function lines(page: Page, ...first: ((route: Route) => Promise<void>)[]): Promise<void> {
  await page.route('**/api/events/live?*', async route => {
    const meets = first.shift();
    await (meets ? meets(route) : route.continue());
  });
}

const entry = (page: Page, summary: string) => page.locator('.entry', { hasText: summary });

test('what happened while a page could not reach the server is there once it can, each once', async ({ page, request }) => {
  const desk = Desk.ofAda(request);
  const account = await desk.account('Fabrikam behind a bad line');
  await lines(page, async route => {
    await desk.log(account, 'They rang while nobody heard');
    await route.fulfill({ status: 503 });
  }, async route => {
    await desk.log(account, 'They wrote as well');
    await route.abort();
  });
  await page.goto(`/accounts/${account}`);
  await alive(page);
  const badge = page.getByText('No connection');
  await expect(badge).toBeVisible();
  await expect(entry(page, 'They rang while nobody heard')).toHaveCount(1);
  await expect(entry(page, 'They wrote as well')).toHaveCount(1);
  await expect(badge).toBeHidden();
  await desk.log(account, 'They came by in the end');
  await expect(entry(page, 'They came by in the end')).toHaveCount(1);
  // With the registration.
  await expect(page.locator('.entry')).toHaveCount(4);
});

test('a page that could not be fetched comes by itself once the server is heard again', async ({ page }) => {
  let isOut = true;
  await page.route(/\/api\/(events\/live|views\/)/, route => (isOut ? route.abort() : route.continue()));
  await page.goto('/handoffs');
  await alive(page);
  await expect(page.getByText('No connection')).toBeVisible();
  await page.getByRole('link', { name: 'Alignment' }).first().click();
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached.');
  isOut = false;
  await expect(page.getByRole('heading', { level: 1, name: 'Alignment' })).toBeVisible({ timeout: 30_000 });
});

test('a page begins anew where the log was restored, and follows it from there', async ({ page, request }) => {
  const desk = Desk.ofAda(request);
  const account = await desk.account('Fabrikam restored');
  await lines(page, async route => {
    // The page has heard of more than the log holds now: the server says so, and where it goes on.
    const head = Number(new URL(route.request().url()).searchParams.get('after'));
    const [known] = await desk.events(head - 1, 1);
    const lost = { ...known, position: head + 1_000 };
    await desk.log(account, 'Written down after the restore');
    const told = `id: ${lost.position}\ndata: ${JSON.stringify(lost)}\n\n`;
    const again = `id: ${head}\nevent: again\ndata: 0\n\n`;
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body: `retry: 100\n${told}${again}` });
  });
  await page.goto(`/accounts/${account}`);
  await alive(page);
  await expect(entry(page, 'Written down after the restore')).toHaveCount(1);
  await desk.log(account, 'And after that');
  await expect(entry(page, 'And after that')).toHaveCount(1);
  await expect(page.locator('.entry')).toHaveCount(3);
});

test('a line that ends in the middle goes on after the last event that came', async ({ page, request }) => {
  const desk = Desk.ofAda(request);
  const account = await desk.account('Fabrikam on a train');
  await lines(page, async route => {
    // A tunnel: the line brings one event and ends.
    await desk.log(account, 'Before the tunnel');
    const after = new URL(route.request().url()).searchParams.get('after');
    const [record] = await desk.events(Number(after), 1);
    const body = `retry: 100\nid: ${record.position}\ndata: ${JSON.stringify(record)}\n\n`;
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body });
  });
  await page.goto(`/accounts/${account}`);
  await alive(page);
  await expect(entry(page, 'Before the tunnel')).toHaveCount(1);
  await desk.log(account, 'After the tunnel');
  await expect(entry(page, 'After the tunnel')).toHaveCount(1);
  await expect(page.locator('.entry')).toHaveCount(3);
});
