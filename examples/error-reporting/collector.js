// @ts-check
/** Stands in for an error reporter's service: takes reports over HTTP, and gives them back to whoever asks. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** @type {unknown[]} */
const reports = [];
/** Requests that wait until there are so many reports. */
/** @type {{ count: number, answer: () => void }[]} */
const waiting = [];

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://collector');
  if (pathname !== '/reports') {
    response.writeHead(404).end();
    return;
  }
  if (request.method === 'POST') {
    reports.push(await json(request));
    response.writeHead(202).end();
    for (const { count, answer } of waiting) if (count <= reports.length) answer();
    return;
  }
  const answer = () => void response.end(JSON.stringify(reports));
  const count = Number(searchParams.get('count') ?? 0);
  if (count <= reports.length) answer();
  else waiting.push({ count, answer });
});

server.listen(Number(process.env.PORT ?? 9070), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(`collector: http://127.0.0.1:${address?.port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
