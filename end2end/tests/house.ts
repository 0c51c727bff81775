// The people and accounts of every test: the same few as in the domain's tests and the documents.
import { expect, test as base, type APIRequestContext, type Browser, type Page } from '@playwright/test';
import { readFileSync } from 'node:fs';

export const password = 'seven lanes to Hamburg harbour';
/** What a place gave out at its start: invitations, access tokens, what the server said. */
export const handedOut = (place: 'town' | 'field', name: string) =>
  readFileSync(`${process.env.TWOFRONT_E2E_DATA ?? 'test-results/data'}-${place}-handed-out/${name}`, 'utf8').trim();

export type Somebody = 'ada' | 'kira' | 'lev' | 'maxim' | 'nina';
export const everybody: Somebody[] = ['ada', 'kira', 'lev', 'maxim', 'nina'];
export const email = (who: Somebody) => `${who}@twofront.example`;
export const state = (who: Somebody) => `test-results/${who}.json`;

const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
export const sales = id(0xd1);
export const logistics = id(0xd2);
export const northwind = id(0xa1);
export const contoso = id(0xa2);
/** Derived from her address. */
export const kira = '15157644-26f8-5ebf-b2a2-a8d5038c3a44';
export const anna = id(0xb1);
export const boris = id(0xb2);
export const vera = id(0xb3);
export const visit = id(0xe1);
export const complaint = id(0xe2);
export const customs = id(0xf1);
export const papers = id(0xf2);

/** Sends commands as a program does, with an access token. */
export class Desk {
  constructor(private readonly api: APIRequestContext, private readonly token: string) {}

  static ofAda(api: APIRequestContext): Desk {
    return new Desk(api, handedOut('town', 'token-ada'));
  }

  static async of(api: APIRequestContext, who: Somebody): Promise<Desk> {
    return new Desk(api, handedOut('town', `token-${who}`));
  }

  async ask(stream: string, type: string, data: object, more: object = {}): Promise<void> {
    const answer = await this.api.post('/api/commands', {
      headers: { authorization: `Bearer ${this.token}` },
      data: { id: crypto.randomUUID(), stream, type, data, ...more },
    });
    expect(answer.status(), `${stream} ${type}: ${await answer.text()}`).toBe(200);
  }

  async view<T>(name: string): Promise<T> {
    const answer = await this.api.get(`/api/views/${name}`, { headers: { authorization: `Bearer ${this.token}` } });
    expect(answer.status()).toBe(200);
    return (await answer.json()) as T;
  }

  /** Events after a position, as any program reads them. */
  async events(after: number, limit: number): Promise<{ position: number }[]> {
    const answer = await this.api.get(`/api/events?after=${after}&limit=${limit}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    expect(answer.status()).toBe(200);
    return (await answer.text()).trim().split('\n').map(line => JSON.parse(line) as { position: number });
  }

  /** The colleague with this address. */
  async colleague(who: Somebody): Promise<string> {
    type Directory = { colleagues: Record<string, { identity: { email?: string } | null }> };
    const { colleagues } = await this.view<Directory>('whole/directory');
    const found = Object.entries(colleagues).find(([, colleague]) => colleague.identity?.email === email(who));
    if (!found) throw new Error(`${who} is no colleague`);
    return found[0];
  }

  /** Hands work over; returns which. */
  async offer(account: string, to: object, what: string, more: { due?: string; cause?: string } = {}): Promise<string> {
    const handoff = crypto.randomUUID();
    const { due, cause } = more;
    await this.ask(`handoff/${handoff}`, 'offer', { account, to, due, personal: { what } }, cause ? { cause } : {});
    return handoff;
  }

  /** Logs an interaction in one line; returns which. */
  async log(account: string, summary: string, details: object = {}, more: object = {}): Promise<string> {
    const interaction = crypto.randomUUID();
    const whole = { front: 'client', account, ...details, personal: { summary } };
    await this.ask(`interaction/${interaction}`, 'log', { details: whole }, more);
    return interaction;
  }

  /** An account of a test's own, so that tests do not meet. */
  async account(name: string): Promise<string> {
    const account = crypto.randomUUID();
    await this.ask(`account/${account}`, 'register', { name });
    return account;
  }
}

/** A page of somebody else's, on a device of their own. */
export async function pageOf(browser: Browser, who: Somebody, locale = 'en-GB'): Promise<Page> {
  const context = await browser.newContext({ storageState: state(who), locale });
  return context.newPage();
}

/** Everything that a page complained about: errors, refused scripts, hydration mismatches. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') heard.push(message.text());
  });
  page.on('pageerror', error => heard.push(String(error)));
  return heard;
}

/** Waits until the page has come to life: its script has marked it. */
export async function alive(page: Page): Promise<void> {
  await expect(page.locator('html[data-alive]')).toBeAttached();
}

/** Waits until nothing moves: half a fade has colours that no one chose. */
export async function still(page: Page): Promise<void> {
  await page.evaluate(() => Promise.all(document.getAnimations().map(one => one.finished.catch(() => undefined))));
}

/** Tests of somebody who is signed in. */
export const test = base.extend<{ who: Somebody; storageState: string }>({
  who: ['kira', { option: true }],
  storageState: async ({ who }, use) => use(state(who)),
});

export { expect };
