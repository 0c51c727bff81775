// People at a client: introduced, placed in the buying centre, met, gone.
import { alive, Desk, expect, test } from './house';

test('a contact is introduced, mapped and met, and their page says so', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Wingtip people');
  await page.goto(`/accounts/${account}`);
  await alive(page);
  await page.getByRole('complementary').getByRole('link', { name: 'Add' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Olga Smirnova');
  await page.locator('main form[data-command] button[type=submit]').click();
  await page.getByRole('link', { name: 'Olga Smirnova' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'Olga Smirnova' })).toBeVisible();
  await page.getByRole('link', { name: 'Change' }).click();
  await page.getByLabel('Part in buying').selectOption({ label: 'Decider' });
  await page.getByLabel('Weight of their word').selectOption({ value: 'high' });
  await page.getByRole('form', { name: 'Place in the buying centre' }).getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('main')).toContainText('Decider');

  const contact = new URL(page.url()).pathname.split('/')[2];
  await (await Desk.of(request, 'kira')).log(account, 'Met Olga at the fair', {
    channel: 'event', mode: 'in_person', contacts: [contact],
  });
  await page.goto(`/contacts/${contact}`);
  await expect(page.locator('.entry', { hasText: 'Met Olga at the fair' })).toBeVisible();
  await expect(page.locator('main')).toContainText('1 touch');
});

test('who has left stays in the history and is offered no more', async ({ page, request }) => {
  const account = await Desk.ofAda(request).account('Wingtip leaves');
  const desk = await Desk.of(request, 'kira');
  const contact = crypto.randomUUID();
  await desk.ask(`contact/${contact}`, 'introduce', { account, details: { name: 'Igor Belov' } });
  await desk.log(account, 'Talked with Igor', { contacts: [contact] });
  await page.goto(`/contacts/${contact}/edit`);
  await alive(page);
  await page.getByText('Has left').first().click();
  await page.getByRole('button', { name: 'Mark as left' }).click();
  await expect(page.getByText('has left').first()).toBeVisible();
  await page.goto(`/accounts/${account}`);
  await expect(page.locator('.entry', { hasText: 'Talked with Igor' })).toContainText('Igor Belov');
  await page.goto(`/log?account=${account}`);
  await page.getByText('More: when, where, people, next step').click();
  await expect(page.getByRole('checkbox', { name: 'Igor Belov' })).toHaveCount(0);
});
