// What holds for every page: it reads well for a machine, breaks nothing, and fits every screen, in
// both languages, light and dark.
import AxeBuilder from '@axe-core/playwright';
import {
  alive, anna, complaints, expect, kira, logistics, northwind, papers, sales, still, test, visit, type Somebody,
} from './house';

/** `plain`: what it reads as without scripts, where that is less. */
type Place = { name: string; address: string; who?: Somebody; plain?: string };
const places: Place[] = [
  { name: 'portfolio', address: '/' },
  { name: 'account', address: `/accounts/${northwind}` },
  { name: 'account-edit', address: `/accounts/${northwind}/edit`, who: 'ada' },
  { name: 'log', address: `/log?account=${northwind}`, plain: 'log-plain' },
  { name: 'log-correct', address: `/log?correct=${visit}` },
  { name: 'log-because', address: `/log?because=handoff/${papers}@3`, plain: 'log-because-plain' },
  { name: 'handoffs', address: '/handoffs' },
  { name: 'handoff-new', address: `/handoffs/new?account=${northwind}` },
  { name: 'alignment', address: '/alignment' },
  { name: 'account-filtered', address: `/accounts/${northwind}?front=client&channel=visit` },
  { name: 'colleague', address: `/colleagues/${kira}` },
  { name: 'contact', address: `/contacts/${anna}` },
  { name: 'contact-edit', address: `/contacts/${anna}/edit` },
  { name: 'contacts', address: '/contacts' },
  { name: 'contact-new', address: `/contacts/new?account=${northwind}` },
  { name: 'unit', address: `/units/${logistics}` },
  { name: 'events', address: '/events?at=1,2,3,4,5' },
  { name: 'company', address: '/company', who: 'ada' },
  { name: 'company-who', address: `/company?who=${kira}`, who: 'ada' },
  { name: 'company-unit', address: `/company?unit=${sales}`, who: 'ada' },
  { name: 'import', address: '/import', who: 'ada' },
  { name: 'search', address: '/?q=an' },
  { name: 'settings', address: '/settings', plain: 'settings-plain' },
];
const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const axe = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

for (const lang of ['en', 'ru'] as const) {
  for (const { name, address, who = 'kira' } of places) {
    test.describe(`${name} in ${lang}`, () => {
      test.use({ who, locale: lang === 'ru' ? 'ru-RU' : 'en-GB' });

      test('reads the same as ever', async ({ page }) => {
        const heard = complaints(page);
        await page.goto(address);
        await alive(page);
        await expect(page.locator('html')).toHaveAttribute('lang', lang);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.locator('main')).toMatchAriaSnapshot({ name: `${name}.${lang}.aria.yml` });
        expect(heard).toEqual([]);
      });

      test('is sound, wide and on a phone, light and dark', async ({ page }) => {
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await page.goto(address);
        await alive(page);
        for (const [size, viewport] of Object.entries(sizes)) {
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await still(page);
            const { violations } = await new AxeBuilder({ page }).withTags(axe).analyze();
            const found = violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)]);
            expect(found, `${size}, ${colorScheme}`).toEqual([]);
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            expect(overflow, `nothing sticks out sideways, ${size}`).toBeLessThanOrEqual(0);
          }
        }
      });
    });
  }
}

test('the narrow rail between a phone and a desk is sound', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 900 });
  await page.goto('/handoffs');
  await alive(page);
  const { violations } = await new AxeBuilder({ page }).withTags(axe).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([]);
});

for (const lang of ['en', 'ru'] as const) {
  test.describe(`the doors in ${lang}`, () => {
    test.use({ locale: lang === 'ru' ? 'ru-RU' : 'en-GB' });

    test('are described to people', async ({ page }) => {
      const heard = complaints(page);
      await page.goto('/api');
      await expect(page.locator('html')).toHaveAttribute('lang', lang);
      await expect(page.locator('main')).toMatchAriaSnapshot({ name: `api.${lang}.aria.yml` });
      for (const viewport of Object.values(sizes)) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          const { violations } = await new AxeBuilder({ page }).withTags(axe).analyze();
          expect(violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(overflow, `nothing sticks out sideways, ${viewport.width}`).toBeLessThanOrEqual(0);
        }
      }
      expect(heard).toEqual([]);
    });
  });
}

test('an address that leads nowhere says so', async ({ page }) => {
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
});

test('every address of an account that is none says so with its status', async ({ page }) => {
  const answer = await page.goto('/accounts/00000000-0000-4000-8000-00000000dead');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('alert')).toContainText('There is nothing at this address');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  for (const { name, address, who = 'kira', plain = name } of places) {
    test.describe(name, () => {
      test.use({ who });

      // Nearly always the very same as with scripts: what they add is not what there is to read.
      test(`${name} reads`, async ({ page }) => {
        await page.goto(address);
        await expect(page.locator('main')).toMatchAriaSnapshot({ name: `${plain}.en.aria.yml` });
      });
    });
  }

  test('the language can be chosen', async ({ page }) => {
    await page.goto('/handoffs');
    await page.getByRole('button', { name: /: menu$/ }).click();
    await page.getByRole('button', { name: 'Русский' }).click();
    await expect(page).toHaveURL('/handoffs');
    await expect(page.locator('html')).toHaveAttribute('lang', 'ru');
  });
});
