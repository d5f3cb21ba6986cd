import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { fetchBindings, fetchQueues } from '../../src/queues/management.js';

/** An HTTP server that answers as the test says, until it is disposed of. */
async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dispose = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://ada:s%40cret@127.0.0.1:${port}`, [Symbol.asyncDispose]: dispose };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const ask = (url: string, vhost = '/', timeoutMs = 5_000) => fetchQueues({ url, vhost, timeoutMs });

it('asks for the queues of the virtual host as the user of the URL, below its path', async () => {
  const asked: unknown[] = [];
  await using server = await serve(({ url, headers }, response) => {
    asked.push(url?.split('?')[0], headers.authorization);
    const queue = { name: 'mail', type: 'quorum', state: 'running', messages_ready: 3, consumers: 1 };
    const more = { messages_unacknowledged: 2, arguments: { 'x-queue-type': 'quorum' } };
    response.writeHead(200, JSON_TYPE).end(
      JSON.stringify([
        { ...queue, ...more },
        { name: 'new', arguments: [] },
      ]),
    );
  });
  expect(await ask(`${server.url}/rabbit/`, 'a/b')).toEqual([
    {
      ...{ name: 'mail', type: 'quorum', state: 'running', ready: 3, unacked: 2, consumers: 1 },
      arguments: { 'x-queue-type': 'quorum' },
    },
    { name: 'new', type: null, state: null, ready: null, unacked: null, consumers: null, arguments: {} },
  ]);
  expect(asked).toEqual(['/rabbit/api/queues/a%2Fb', `Basic ${btoa('ada:s@cret')}`]);
});

it.each([
  [401, 'application/json', '{"error":"not_authorised"}', 'access-refused', 'refused the user (401)'],
  [404, 'application/json', '{"error":"Object Not Found"}', 'invalid-option', "no virtual host '/'"],
  [404, 'text/html', '<html>', 'invalid-option', 'answered 404 with text/html'],
  [200, 'text/html', '<html>', 'invalid-option', 'answered 200 with text/html, expected a list in JSON'],
  [200, 'application/json', '{"queues":[]}', 'invalid-option', 'answered 200 with application/json'],
  [200, 'application/json', '[1]', 'invalid-option', 'expected a list in JSON'],
  [302, 'text/plain', '', 'invalid-option', 'answered 302'],
  [500, '', '', 'invalid-option', 'answered 500 with no content type'],
])('an answer of %i with %s, %j, is %s', async (status, type, body, code, text) => {
  await using server = await serve((_, response) => {
    response.writeHead(status, { ...(type === '' ? {} : { 'content-type': type }), location: '/elsewhere' }).end(body);
  });
  const asked = ask(server.url);
  await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  await expect(asked).rejects.toMatchObject({ message: expect.not.stringContaining('cret') });
});

it('ends a wait for a server that never answers, and for a body that never ends', async () => {
  await using mute = await serve(() => undefined);
  await using endless = await serve((_, response) => void response.writeHead(200, JSON_TYPE).write('['));
  for (const { url } of [mute, endless]) {
    await expect(ask(url, '/', 200)).rejects.toMatchObject({
      code: 'connect-failed',
      message: expect.stringMatching(
        /^No connection to the management API at http:\/\/ada@.*: no answer within 200 ms/,
      ),
    });
  }
});

it('says why it does not connect', async () => {
  const server = await serve(() => undefined);
  await server[Symbol.asyncDispose]();
  await expect(ask(server.url)).rejects.toMatchObject({
    code: 'connect-failed',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

it.each(['localhost:15672', 'amqp://ada:s%40cret@localhost', 'x'])('refuses %j as an address', async (url) => {
  await expect(ask(url)).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringMatching(/^--management: expected an http.* before the host, found '(?!.*cret)/),
  });
});

it('asks for the bindings of the virtual host, and leaves out those of the default exchange', async () => {
  const asked: unknown[] = [];
  const binding = { source: 'logs', destination: 'mail', destination_type: 'queue', routing_key: 'a.b', arguments: [] };
  await using server = await serve(({ url }, response) => {
    asked.push(url);
    const all = [
      binding,
      { ...binding, source: '' },
      { ...binding, destination: 'errors', destination_type: 'exchange', arguments: { 'x-match': 'any' } },
    ];
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(all));
  });
  expect(await fetchBindings({ url: server.url, vhost: '/', timeoutMs: 5_000 })).toEqual([
    { source: 'logs', destination: 'mail', destinationType: 'queue', routingKey: 'a.b', arguments: {} },
    {
      source: 'logs',
      destination: 'errors',
      destinationType: 'exchange',
      routingKey: 'a.b',
      arguments: { 'x-match': 'any' },
    },
  ]);
  expect(asked).toEqual(['/api/bindings/%2F?columns=source,destination,destination_type,routing_key,arguments']);
});
