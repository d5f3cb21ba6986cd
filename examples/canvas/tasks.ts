import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineTask } from '@tq/core';

/** What the site said. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

/** What a page says of itself; without a title it is none. */
export interface Page {
  readonly url: string;
  readonly title?: string;
  readonly words: number;
}

export interface Report {
  readonly stored: number;
  readonly broken: readonly string[];
}

/** Where the links of a page lead to. */
export const findLinks = defineTask('find-links', async (url: string): Promise<string[]> => {
  const { html } = await get(url);
  return [...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => new URL(href ?? '', url).href);
});

/** Gets one page; `strict` takes a link that leads nowhere for a failure. */
export const fetchPage = defineTask('fetch', async (url: string, strict: boolean): Promise<Answer> => {
  const answer = await get(url);
  if (strict && answer.status !== 200) throw new Error(`${url}: expected a page, found ${answer.status}`);
  return answer;
});

export const parsePage = defineTask('parse', ({ url, status, html }: Answer): Page => {
  if (status !== 200) return { url, words: 0 };
  const title = /<title>(.*?)<\/title>/.exec(html)?.[1] ?? '';
  return { url, title, words: html.replace(/<[^>]*>/g, ' ').match(/\w+/g)?.length ?? 0 };
});

/** Gets all pages at once, when the last one is there. */
export const storePages = defineTask('store', (pages: readonly Page[], folder: string): Report => {
  const found = pages.filter(({ title }) => title !== undefined);
  for (const page of found) writeFileSync(join(folder, fileOf(page.url)), JSON.stringify(page));
  return { stored: found.length, broken: pages.filter((page) => !found.includes(page)).map(({ url }) => url) };
});

async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { url, status: response.status, html: await response.text() };
}

function fileOf(url: string): string {
  return `${new URL(url).pathname.replace(/\W/g, '-')}.json`;
}
