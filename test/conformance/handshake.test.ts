import { describe, expect, test } from 'vitest';
import {
  brokerUser,
  capabilities,
  dialTuning,
  open,
  PROTOCOL_HEADER,
  plainResponse,
  startOk,
  tuneOk,
} from './support/handshake.js';
import { RawConnection } from './support/raw-connection.js';

describe('the protocol header', () => {
  test.for([
    ['of HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['of AMQP 0-10', 'AMQP\x01\x01\x00\x0a'],
    ['of AMQP 1.0 without SASL', 'AMQP\x00\x01\x00\x00'],
    ['of AMQP 1.0 with SASL', 'AMQP\x03\x01\x00\x00'],
    ['of a version that does not exist', 'AMQP\x00\x00\x09\x02'],
    ['in the wrong case', 'amqp\x00\x00\x09\x01'],
    ['of eight zero bytes', '\0\0\0\0\0\0\0\0'],
  ])('%s is answered with the right one and a close', async ([, bytes]) => {
    await using connection = await RawConnection.dial();
    connection.write(Buffer.from(bytes!, 'latin1'));
    expect(await connection.unframed()).toEqual(PROTOCOL_HEADER);
  });

  test('of AMQP 0-9 is taken as that of 0-9-1', async () => {
    await using connection = await RawConnection.dial();
    connection.write(Buffer.from('AMQP\x01\x01\x00\x09', 'latin1'));
    const start = await connection.expect('connection.start');
    expect([start.octet(), start.octet()]).toEqual([0, 9]);
  });

  test('may arrive byte by byte', async () => {
    await using connection = await RawConnection.dial();
    for (const byte of PROTOCOL_HEADER) connection.write(Buffer.of(byte));
    await connection.expect('connection.start');
  });
});

describe('connection.start', () => {
  test('says version 0.9, PLAIN, en_US', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER);
    const start = await connection.expect('connection.start');
    expect([start.octet(), start.octet()]).toEqual([0, 9]);
    start.table();
    expect(String(start.longstr()).split(' ')).toContain('PLAIN');
    expect(String(start.longstr())).toBe('en_US');
    expect(start.left).toBe(0);
  });

  test('names RabbitMQ, a version that parses, and what clients look for', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER);
    const start = await connection.expect('connection.start');
    start.take(2);
    const properties = start.table();
    expect(properties).toMatchObject({
      product: 'RabbitMQ',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      platform: expect.any(String),
      copyright: expect.any(String),
      information: expect.any(String),
      cluster_name: expect.any(String),
    });
    expect(properties.capabilities).toEqual({
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      'basic.nack': true,
      consumer_cancel_notify: true,
      'connection.blocked': true,
      consumer_priorities: true,
      authentication_failure_close: true,
      per_consumer_qos: true,
      direct_reply_to: true,
    });
  });
});

describe('the login', () => {
  test('is answered with the limits 2047 channels, 131072 bytes, 60 seconds', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER);
    await connection.expect('connection.start');
    connection.write(startOk());
    const tune = await connection.expect('connection.tune');
    expect([tune.short(), tune.long(), tune.short(), tune.left]).toEqual([2047, 131_072, 60, 0]);
  });

  test('with a wrong password is refused in words to a client that announced authentication_failure_close', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER);
    await connection.expect('connection.start');
    const properties = capabilities('authentication_failure_close');
    connection.write(startOk({ response: plainResponse(brokerUser(), 'wrong'), properties }));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 403,
      text:
        'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. ' +
        'For details see the broker logfile.',
      classId: 0,
      methodId: 0,
    });
  });

  test('may ask for a locale that the server did not offer', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER);
    await connection.expect('connection.start');
    connection.write(startOk({ locale: 'xx_XX' }));
    await connection.expect('connection.tune');
  });

  test('may be written in one go, ahead of the answers', async () => {
    await using connection = await RawConnection.dial();
    connection.write(PROTOCOL_HEADER, startOk(), tuneOk(), open());
    await connection.expect('connection.start');
    await connection.expect('connection.tune');
    await connection.expect('connection.open-ok');
  });
});

describe('connection.open', () => {
  test('is answered with an empty text', async () => {
    await using connection = await dialTuning();
    connection.write(tuneOk(), open());
    const openOk = await connection.expect('connection.open-ok');
    expect([openOk.shortstr(), openOk.left]).toEqual(['', 0]);
  });

  test('may insist', async () => {
    await using connection = await dialTuning();
    connection.write(tuneOk(), open(undefined, true));
    await connection.expect('connection.open-ok');
  });

  test.for([false, true])('of an unknown virtual host is refused with 530 (insisting: %s)', async (insist) => {
    await using connection = await dialTuning();
    connection.write(tuneOk(), open('no such host', insist));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 530,
      text: 'NOT_ALLOWED - vhost no such host not found',
      classId: 10,
      methodId: 40,
    });
  });
});
