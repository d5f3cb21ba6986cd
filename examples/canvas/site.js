// @ts-check
/** A small site on the loopback: a front page with links to some pages, one of which is not there. */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const PAGES = ['apples', 'bread', 'cheese', 'dates', 'eggs', 'figs'];
const LINKS = [...PAGES, 'garlic'];
/** How long a page takes, ms. */
const DELAY_MS = 100;

/** @param {string} path */
function htmlOf(path) {
  if (path === '/') return `<title>Shop</title>${LINKS.map((name) => `<a href="/${name}">${name}</a>`).join(' ')}`;
  const page = PAGES.find((name) => path === `/${name}`);
  return page === undefined ? undefined : `<title>${page}</title><p>All there is to say of ${page}.</p>`;
}

const server = createServer(async (request, response) => {
  await wait(DELAY_MS);
  const html = htmlOf(new URL(request.url ?? '/', 'http://site').pathname);
  response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(html);
});

server.listen(Number(process.env.PORT ?? 9080), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(`site: http://127.0.0.1:${address?.port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
