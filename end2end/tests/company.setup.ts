// Before all tests: everybody takes their invitation, and the company has a little history.
import { expect, test as setup } from '@playwright/test';
import {
  anna, boris, complaint, contoso, customs, Desk, everybody, handedOut, logistics, northwind, papers, password, sales,
  state, vera, visit,
} from './house';

for (const who of everybody) {
  setup(`${who} takes the invitation`, async ({ page }) => {
    const link = /\/join\?link=\S+/.exec(handedOut('town', `invitation-${who}`));
    await page.goto(link?.[0] ?? '/no link was handed out');
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await expect(page).toHaveURL('/');
    await page.context().storageState({ path: state(who) });
  });
}

setup('the company has a history', async ({ request }) => {
  const ada = Desk.ofAda(request);
  await ada.ask(`unit/${sales}`, 'found', { name: 'Sales' });
  await ada.ask(`unit/${logistics}`, 'found', { name: 'Logistics' });
  const kira = await ada.colleague('kira');
  const lev = await ada.colleague('lev');
  await ada.ask(`colleague/${kira}`, 'move', { unit: sales });
  await ada.ask(`colleague/${lev}`, 'move', { unit: logistics });
  await ada.ask(`account/${northwind}`, 'register', { name: 'Northwind' });
  await ada.ask(`account/${northwind}`, 'designate', { tier: 'key', reason: 'A third of our freight' });
  await ada.ask(`account/${northwind}`, 'assign', { kam: kira });
  await ada.ask(`account/${northwind}`, 'describe', { industry: 'Shipping', city: 'Hamburg', country: 'Germany' });
  await ada.ask(`account/${contoso}`, 'register', { name: 'Contoso' });
  await ada.ask(`account/${contoso}`, 'assign', { kam: kira });

  const desk = await Desk.of(request, 'kira');
  await desk.ask(`contact/${boris}`, 'introduce', { account: northwind, details: { name: 'Boris Sokolov', title: 'Director' } });
  await desk.ask(`contact/${anna}`, 'introduce', {
    account: northwind,
    details: { name: 'Anna Petrova', title: 'Head of purchasing', email: 'anna@northwind.example' },
  });
  await desk.ask(`contact/${anna}`, 'map', { role: 'decider', influence: 'high', reports_to: boris });
  await desk.ask(
    `interaction/${complaint}`,
    'log',
    { details: { front: 'client', account: northwind, channel: 'email', mode: 'remote', initiator: 'client', contacts: [anna], personal: { summary: 'Complaint: two containers stood at customs for a week.' } } },
    { occurred: '2026-05-04T08:30:00Z' },
  );
  await desk.ask(
    `handoff/${papers}`,
    'offer',
    { account: northwind, to: { unit: logistics }, due: '2026-06-14', personal: { what: 'Find out why the papers were late' } },
    { cause: `interaction/${complaint}@1` },
  );
  const levDesk = await Desk.of(request, 'lev');
  await levDesk.ask(`handoff/${papers}`, 'accept', {});
  await levDesk.ask(`handoff/${papers}`, 'complete', { result: 'The broker had changed; a new one is agreed.' });
  await desk.ask(
    `interaction/${visit}`,
    'log',
    {
      details: { front: 'client', account: northwind, channel: 'visit', mode: 'in_person', minutes: 90, contacts: [anna, boris], personal: { summary: 'Walked the warehouse. They want one contact for customs.', place: 'Hamburg' } },
      next_steps: [{ step: '00000000-0000-4000-8000-0000000000e9', due: '2026-06-22', personal: { what: 'Send the plan of the lanes' } }],
    },
    { occurred: '2026-06-12T10:00:00Z', cause: `handoff/${papers}@3` },
  );
  await desk.ask(
    `handoff/${customs}`,
    'offer',
    { account: northwind, to: { unit: logistics }, due: '2026-06-30', personal: { what: 'Name one contact for customs questions' } },
    { cause: `interaction/${visit}@1` },
  );
  // Somebody whom an import brought, and of whom nobody has said where they work.
  await desk.ask(`contact/${vera}`, 'introduce', { details: { name: 'Vera Novak', title: 'Customs broker' } });
});
