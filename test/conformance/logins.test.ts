/** Logging in through amqplib. What is refused, and in which words, is in `handshake-refusals.test.ts`. */
import { connect, credentials } from 'amqplib';
import { expect, it } from 'vitest';
import { brokerUrl, openPeer } from '../support/broker.js';

const { username, password } = new URL(brokerUrl());

it.each(['plain', 'amqplain'] as const)('%s lets a user in', async (mechanism) => {
  const connection = await connect(brokerUrl(), {
    credentials: credentials[mechanism](decodeURIComponent(username), decodeURIComponent(password)),
  });
  expect((await (await connection.createChannel()).assertQueue('', { exclusive: true })).queue).toMatch(/^amq\.gen-/);
  await connection.close();
});

it('a new secret is accepted, and the connection goes on', async () => {
  await using peer = await openPeer();
  await peer.connection.updateSecret(Buffer.from('new'), 'it is time');
  expect((await peer.channel.assertQueue('', { exclusive: true })).queue).toMatch(/^amq\.gen-/);
});
