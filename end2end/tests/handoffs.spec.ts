// Work that goes from hand to hand: every answer is the word of the one who gives it, and is seen by the other at once.
import { alive, Desk, expect, logistics, pageOf, test } from './house';
import type { Locator, Page } from '@playwright/test';

const card = (page: Page, what: string) => page.locator('.handoff', { hasText: what });

/** Unfolds an answer and fills it in. */
async function unfold(page: Page, what: string, verb: string, fill: (form: Locator) => Promise<void>): Promise<Locator> {
  const form = card(page, what).getByRole('form', { name: `${verb}: ${what}` });
  await card(page, what).locator('summary', { hasText: verb }).click();
  await fill(form);
  return form;
}

/** Unfolds an answer that needs a sentence, writes it and sends it. */
async function answer(page: Page, what: string, verb: string, sentence: string): Promise<void> {
  const form = await unfold(page, what, verb, one => one.getByRole('textbox').last().fill(sentence));
  await form.getByRole('button', { name: verb }).click();
}

test.describe('Lev', () => {
  test.use({ who: 'lev' });

  test('takes what his unit was offered and says what came of it', async ({ page, request, browser }) => {
    const account = await Desk.ofAda(request).account('Tailspin takes');
    const what = 'Price the spare parts for Tailspin';
    await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what, { due: '2026-07-01' });
    const kira = await pageOf(browser, 'kira');
    await kira.goto('/handoffs');
    await alive(kira);
    await page.goto('/handoffs');
    await alive(page);
    await card(page, what).getByRole('button', { name: `Accept: ${what}` }).click();
    await expect(card(page, what)).toContainText('accepted by Lev Morozov');
    await expect(card(kira, what)).toContainText('accepted by Lev Morozov');
    await answer(page, what, 'Complete', 'The list is priced and sent.');
    await expect(card(page, what)).toHaveCount(0);
    await expect(page.getByRole('row', { name: what })).toContainText('The list is priced and sent.');
    await expect(card(kira, what)).toHaveCount(0);
  });

  test('declines with a reason, and it comes again with its cause', async ({ page, request, browser }) => {
    const account = await Desk.ofAda(request).account('Tailspin comes again');
    const desk = await Desk.of(request, 'kira');
    const visit = await desk.log(account, 'They want the drawings', { channel: 'visit', mode: 'in_person' });
    const what = 'Send the drawings to Tailspin';
    await desk.offer(account, { unit: logistics }, what, { cause: `interaction/${visit}@1` });
    await page.goto('/handoffs');
    await alive(page);
    await answer(page, what, 'Decline', 'Nobody is free before July.');

    const kira = await pageOf(browser, 'kira');
    await kira.goto('/handoffs');
    await alive(kira);
    await expect(card(kira, what)).toContainText('declined by Lev Morozov');
    await expect(card(kira, what)).toContainText('Nobody is free before July.');
    const form = await unfold(kira, what, 'Offer anew', one =>
      one.getByLabel('By when').fill('2026-07-20'));
    await form.getByRole('button', { name: 'Offer anew' }).click();
    await expect(card(page, what)).toContainText('by 20 Jul');
    await expect(card(page, what).locator('a.because')).toContainText('visit');
  });

  test('keeps an answer open while others hand over what the page does not know', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin thinks');
    const what = 'Think about Tailspin';
    const kira = await Desk.of(request, 'kira');
    await kira.offer(account, { unit: logistics }, what);
    await page.goto('/handoffs');
    await alive(page);
    const form = await unfold(page, what, 'Decline', async one => one.getByRole('textbox').last().focus());
    const other = await Desk.ofAda(request).account('Tailspin interrupts');
    await kira.offer(other, { unit: logistics }, 'Look at this first');
    await expect(card(page, 'Look at this first')).toContainText('Tailspin interrupts');
    await expect(form).toBeVisible();
    await expect(form.getByRole('textbox').last()).toBeFocused();
  });

  test('gives back what he took, and the path is seen', async ({ page, request, browser }) => {
    const account = await Desk.ofAda(request).account('Tailspin returns');
    const what = 'Count the pallets of Tailspin';
    const handoff = await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what);
    await (await Desk.of(request, 'lev')).ask(`handoff/${handoff}`, 'accept', {});
    await page.goto('/handoffs');
    await alive(page);
    await answer(page, what, 'Return', 'The warehouse is closed for stocktaking.');
    const kira = await pageOf(browser, 'kira');
    await kira.goto('/handoffs');
    await expect(card(kira, what)).toContainText('returned by Lev Morozov');
    await expect(card(kira, what)).toContainText('The warehouse is closed for stocktaking.');
  });

  test('sees on every page how many wait, and by when it changes', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin counts');
    const what = 'Count what waits for Lev';
    const [kira, lev] = [await Desk.of(request, 'kira'), await Desk.of(request, 'lev')];
    await page.goto('/alignment');
    await alive(page);
    const place = page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: /^Handoffs/ });
    const handoff = await kira.offer(account, { unit: logistics }, what);
    // Others are offered and answered meanwhile: what the server says at the moment is what is shown.
    const isInStep = async () => {
      const { handoffs } = await lev.view<{ handoffs: number }>('waiting');
      await expect(place).toHaveAccessibleName(new RegExp(`^Handoffs.*, ${handoffs} waits? for you or your unit$`), { timeout: 1_000 });
      return handoffs;
    };
    await expect(async () => expect(await isInStep()).toBeGreaterThan(0)).toPass();
    for (const turn of [1, 2]) {
      await lev.ask(`handoff/${handoff}`, 'decline', { reason: `It was counted, ${turn}.` });
      await expect(isInStep).toPass();
      await kira.ask(`handoff/${handoff}`, 'offer', { account, to: { unit: logistics }, personal: { what } });
      await expect(isInStep).toPass();
    }
  });

  test('answers by keyboard, and the focus stays where the work is', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin by keyboard');
    const what = 'Label the crates of Tailspin';
    const [kira, lev] = [await Desk.of(request, 'kira'), await Desk.of(request, 'lev')];
    await kira.offer(account, { unit: logistics }, what);
    await page.goto('/handoffs');
    await alive(page);
    await card(page, what).getByRole('button', { name: `Accept: ${what}` }).focus();
    await page.keyboard.press('Enter');
    await expect(card(page, what)).toContainText('accepted by Lev Morozov');
    // Not where the card has gone, which may be far below, but beside where it was: the next one is answered there.
    const column = page.locator('#for-unit');
    const isHere = async () => {
      await expect.poll(() => column.evaluate(one => one.contains(document.activeElement))).toBe(true);
    };
    await isHere();
    // Also when what has the focus is put elsewhere in its column, or goes.
    const urgent = 'Unload the frozen goods of Tailspin';
    const handoff = await kira.offer(account, { unit: logistics }, urgent, { due: '2026-06-15' });
    await expect(card(page, urgent)).toBeVisible();
    await isHere();
    await lev.ask(`handoff/${handoff}`, 'decline', { reason: 'The freezer is full.' });
    await expect(card(page, urgent)).toHaveCount(0);
    await isHere();
  });
});

test('what nobody answers is escalated to somebody who leads, who can take it', async ({ page, request, browser }) => {
  const account = await Desk.ofAda(request).account('Tailspin escalates');
  const what = 'Release the blocked batch for Tailspin';
  await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what);
  await page.goto('/handoffs');
  await alive(page);
  const form = await unfold(page, what, 'Escalate', async one => {
    await one.getByLabel('Who should see to it?').selectOption({ label: 'Maxim Orlov' });
    await one.getByLabel('Why?').fill('Their line stands still tomorrow.');
  });
  await form.getByRole('button', { name: 'Escalate' }).click();
  await expect(card(page, what)).toContainText('escalated to Maxim Orlov');
  const maxim = await pageOf(browser, 'maxim');
  await maxim.goto('/handoffs');
  await alive(maxim);
  await card(maxim, what).getByRole('button', { name: `Accept: ${what}` }).click();
  await expect(card(page, what)).toContainText('accepted by Maxim Orlov');
});

test('what is not needed any more is withdrawn, and nobody else can do that', async ({ page, request, browser }) => {
  const account = await Desk.ofAda(request).account('Tailspin withdraws');
  const what = 'Book a crane for Tailspin';
  await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what);
  const lev = await pageOf(browser, 'lev');
  await lev.goto('/handoffs');
  await expect(card(lev, what)).toBeVisible();
  await expect(card(lev, what).locator('summary', { hasText: 'Withdraw' })).toHaveCount(0);
  await page.goto('/handoffs');
  await alive(page);
  await answer(page, what, 'Withdraw', 'They have a crane of their own.');
  await expect(card(page, what)).toHaveCount(0);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false, who: 'lev' });

  test('an answer is a plain form', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin without scripts');
    const what = 'Weigh the samples of Tailspin';
    await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what);
    await page.goto('/handoffs');
    await card(page, what).getByRole('button', { name: `Accept: ${what}` }).click();
    await expect(page).toHaveURL(/\/handoffs/);
    await expect(card(page, what)).toContainText('accepted by Lev Morozov');
  });

  test('a refused answer is open again, with the reason', async ({ page, request }) => {
    const account = await Desk.ofAda(request).account('Tailspin and its reasons');
    const what = 'Count the pallets of Tailspin';
    await (await Desk.of(request, 'kira')).offer(account, { unit: logistics }, what);
    await page.goto('/handoffs');
    await card(page, what).getByText('Decline', { exact: true }).first().click();
    await card(page, what).getByRole('button', { name: 'Decline' }).click();
    await expect(card(page, what).getByText('Fill in this field.')).toBeVisible();
    await expect(card(page, what).getByRole('textbox')).toBeFocused();
  });
});
